import Basics
import Foundation
import TestSupport
import Testing

@Suite struct VocabularyCacheTests {
  private let source = Fixtures.folder + "gemma.gguf"

  private func cachedFiles(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func aSecondLoadUsesTheCache() throws {
    let folder = try TemporaryFolder()
    let cache = VocabularyCache(folder: folder.path + "/made/when/needed")
    let first = try Tokenizer.load(path: source, cache: cache)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/made/when/needed").count == 1)
    let second = try Tokenizer.load(path: source, cache: cache)
    let none = try Tokenizer.load(path: source, cache: nil)
    for text in Fixtures.texts {
      #expect(first.ids(text) == none.ids(text))
      #expect(second.ids(text) == none.ids(text))
    }
    #expect(second.endOfGenerationTokens == none.endOfGenerationTokens)
    #expect(second.bosToken == none.bosToken)
  }

  @Test func vocabulariesHaveSeparateFiles() throws {
    let folder = try TemporaryFolder()
    let cache = VocabularyCache(folder: folder.path)
    _ = try Tokenizer.load(path: source, cache: cache)
    _ = try Tokenizer.load(path: Fixtures.folder + "smollm.gguf", cache: cache)
    #expect(try cachedFiles(folder).count == 2)
  }

  @Test func anUnwritableFolderIsIgnored() throws {
    let tokenizer = try Tokenizer.load(path: source, cache: VocabularyCache(folder: "/dev/null/no"))
    #expect(tokenizer.vocabularyCount > 0)
  }

  @Test func damagedFilesAreReplaced() throws {
    let folder = try TemporaryFolder()
    let cache = VocabularyCache(folder: folder.path)
    let expected = try Tokenizer.load(path: source, cache: cache)
    let file = folder.path + "/" + (try #require(cachedFiles(folder).first))
    let valid = [UInt8](try Data(contentsOf: URL(filePath: file)))
    var generator = SplitMix64(seed: 11)
    for round in 0..<60 {
      var damaged = valid
      switch round % 3 {
      case 0: damaged.removeLast(Int.random(in: 1...valid.count, using: &generator))
      case 1: damaged[Int.random(in: 0..<valid.count, using: &generator)] ^= 1 << UInt8(round % 8)
      default: damaged.append(0)
      }
      try Data(damaged).write(to: URL(filePath: file))
      let tokenizer = try Tokenizer.load(path: source, cache: cache)
      #expect(tokenizer.ids(Fixtures.texts[3]) == expected.ids(Fixtures.texts[3]))
      #expect([UInt8](try Data(contentsOf: URL(filePath: file))) == valid)
    }
  }

  @Test func temporaryFilesOfCrashesAreRemoved() throws {
    let folder = try TemporaryFolder()
    for name in ["old.1-1.partial", "new.1-1.partial"] { _ = try folder.write(name, [1]) }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: folder.path + "/old.1-1.partial")
    _ = try Tokenizer.load(path: source, cache: VocabularyCache(folder: folder.path))
    let files = try cachedFiles(folder)
    #expect(files.count == 2 && files.contains("new.1-1.partial"))
  }

  /// Files with a valid checksum and damaged tables: any result is allowed, but no crash and no endless loop.
  @Test(arguments: ["gemma.gguf", "smollm.gguf"])
  func damagedTablesAreHarmless(_ name: String) throws {
    let folder = try TemporaryFolder()
    let cache = VocabularyCache(folder: folder.path)
    _ = try Tokenizer.load(path: Fixtures.folder + name, cache: cache)
    let file = folder.path + "/" + (try #require(cachedFiles(folder).first))
    let valid = [UInt8](try Data(contentsOf: URL(filePath: file)))
    var generator = SplitMix64(seed: 13)
    let texts = Fixtures.texts.prefix(40)
    for round in 0..<600 {
      var hostile = valid
      let changes = round % 4 == 0 ? 2000 : Int.random(in: 1...20, using: &generator)
      for _ in 0..<changes {
        // Every second time only in the header and the section table, whose offsets lead everywhere.
        let end = round % 2 == 0 ? valid.count : VocabularyLayout.headerBytes + 192
        let position = Int.random(in: VocabularyLayout.headerBytes..<end, using: &generator)
        hostile[position] = Bool.random(using: &generator) ? .random(in: 0...255, using: &generator) : 0xFF
      }
      let content = hostile[VocabularyLayout.headerBytes...]
      let checksum = content.withUnsafeBytes { XXHash64.hash($0) }
      for index in 0..<8 {
        hostile[VocabularyLayout.checksumWord * 8 + index] = UInt8(
          truncatingIfNeeded: checksum >> UInt64(8 * index))
      }
      try Data(hostile).write(to: URL(filePath: file))
      let tokenizer = try Tokenizer.load(path: Fixtures.folder + name, cache: cache)
      for text in texts {
        let ids = tokenizer.encode(text, addSpecial: true, parseSpecial: true)
        _ = tokenizer.decode(ids, skipSpecial: round % 2 == 0)
        _ = tokenizer.encodeByRank(piece: text)
        _ = tokenizer.encodeByBlocks(piece: text)
      }
      for id in Int32(0)..<1500 { _ = tokenizer.bytes(of: id) }
      _ = tokenizer.id(of: "<bos>")
    }
  }
}
