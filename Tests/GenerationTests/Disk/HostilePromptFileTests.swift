import Basics
import Checkpoints
import Compute
import Foundation
import Generation
import Models
import TestSupport
import Testing

/// Modified files are rejected, whatever was changed; none crashes the program.
@Suite(.serialized) struct HostilePromptFileTests {
  private static let key = PromptKey.session("a")

  private struct Sample {
    let walk: Walk
    let folder: TemporaryFolder
    let store: CacheStore
    let name: String
    let content: [UInt8]

    init(_ model: String, tokens: Int) throws {
      walk = try Walk(DiskModel(name: model, precision: .fast), tokens: tokens)
      folder = try TemporaryFolder()
      store = CacheStore(folder: folder.path, limit: 1 << 30)
      try store.save(
        StoredPrompt(walk.state, ledger: walk.ledger, logits: walk.logits), for: key, model: "m")
      name = try #require(try folder.names.first)
      content = try folder.content
    }

    /// Loads other content in place of the file.
    func load(_ content: [UInt8]) throws -> StoredPrompt? {
      try folder.replace(content, name)
      return try store.load(key, model: "m")
    }
  }

  @Test(arguments: ["llama-plain", "gemma3-plain"])
  func everyMutationIsRefused(model: String) throws {
    let sample = try Sample(model, tokens: 20)
    #expect(try sample.load(sample.content)?.ledger == sample.walk.ledger)
    var random = SplitMix64(seed: 1)
    var refused = 0
    for _ in 0..<4000 {
      let mutated = Self.mutated(sample.content, &random)
      guard mutated != sample.content else { continue }
      do {
        _ = try sample.load(mutated)
        Issue.record("a changed file was accepted")
      } catch let error as PromptFileError {
        refused += 1
        if error.description.utf8.contains(where: { $0 < 0x20 }) || error.description.isEmpty {
          Issue.record("not a useful error: \(error)")
        }
      }
      // A rejected file is removed.
      if sample.store.contains(Self.key, model: "m") { Issue.record("a refused file was kept") }
    }
    #expect(refused > 3500)
  }

  /// Loaded data is a copy: removing or changing the file has no effect.
  @Test(arguments: ["llama-plain", "mamba2-plain"])
  func whatBecomesOfTheFileLaterChangesNothing(model: String) throws {
    let sample = try Sample(model, tokens: 200)
    let path = sample.folder.path + "/" + sample.name
    let stored = try #require(try sample.store.load(Self.key, model: "m"))
    // In place, as another writer would.
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.write(contentsOf: Data(repeating: 0xEE, count: sample.content.count))
    var garbled = sample.walk.with(
      try stored.state(in: sample.walk.model.makeCaches()), ledger: stored.ledger)
    try file.truncate(atOffset: 100)
    var shortened = sample.walk.with(
      try stored.state(in: sample.walk.model.makeCaches()), ledger: stored.ledger)
    var expected = sample.walk
    let logits = try expected.go(9)
    #expect(try garbled.go(9) == logits && shortened.go(9) == logits)
    #expect(throws: PromptFileError.self) { try sample.store.load(Self.key, model: "m") }
  }

  @Test func aTooLargeFileIsNotRead() throws {
    let sample = try Sample("llama-plain", tokens: 20)
    let error = #expect(throws: PromptFileError.self) {
      try sample.store.load(Self.key, model: "m", largest: sample.content.count - 1)
    }
    guard case .tooLarge? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try sample.store.load(Self.key, model: "m", largest: sample.content.count) != nil)
  }

  /// Headers with corrected checksums: only the validation of each number protects them.
  @Test(arguments: ["llama-plain", "gemma3-plain"])
  func forgedHeadersAreRefusedOrHarmless(model: String) throws {
    let sample = try Sample(model, tokens: 20)
    let length = sample.content.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    let text = try #require(String(validating: sample.content[8..<8 + length], as: UTF8.self))
    let tensors = try SafetensorsFile(sample.folder.path + "/" + sample.name).tensors.count
    var random = SplitMix64(seed: 2)
    var refused = 0
    for _ in 0..<3000 {
      var header = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        // Digits replaced by digits, so that most headers can still be parsed.
        guard let place = header.indices.filter({ 48...57 ~= header[$0] }).randomElement(using: &random)
        else { continue }
        header[place] = UInt8.random(in: 48...57, using: &random)
      }
      guard header != Array(text.utf8) else { continue }
      var content = Array(sample.content[..<8]) + header + sample.content[(8 + length)...]
      let sum = XXHash64.hash(Array(content[..<(8 + length)]))
      let place = content.count - 8 * tensors
      withUnsafeBytes(of: sum.littleEndian) { content.replaceSubrange(place..<place + 8, with: $0) }
      do {
        let stored = try #require(try sample.load(content))
        var loaded = sample.walk.with(
          try stored.state(in: sample.walk.model.makeCaches()), ledger: stored.ledger)
        try loaded.go(3)
      } catch is PromptFileError {
        refused += 1
      } catch is CacheImageError { refused += 1 }
    }
    #expect(refused > 2000)
  }

  @Test func filesOfOtherModelsOrKeysAreRejected() throws {
    let sample = try Sample("llama-plain", tokens: 20)
    let path = sample.folder.path + "/" + sample.name
    func refusal(_ change: (String) -> String) throws -> PromptFileError? {
      let length = sample.content.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
      let text = change(String(decoding: sample.content[8..<8 + length], as: UTF8.self))
      try #require(text.utf8.count == length)
      var content = Array(sample.content[..<8]) + Array(text.utf8) + sample.content[(8 + length)...]
      let tensors = try SafetensorsFile(path).tensors.count
      let sum = XXHash64.hash(Array(content[..<(8 + length)]))
      let place = content.count - 8 * tensors
      withUnsafeBytes(of: sum.littleEndian) { content.replaceSubrange(place..<place + 8, with: $0) }
      defer { try? sample.folder.replace(sample.content, sample.name) }
      do { _ = try sample.load(content) } catch let error as PromptFileError { return error }
      return nil
    }
    guard
      case .version? = try refusal({ $0.replacingOccurrences(of: "sotto-prompt-1", with: "sotto-prompt-9") })
    else {
      Issue.record("another version was accepted")
      return
    }
    guard case .version? = try refusal({ $0.replacingOccurrences(of: "\"little\"", with: "\"bigger\"") })
    else {
      Issue.record("another byte order was accepted")
      return
    }
    guard
      case .other? = try refusal({ $0.replacingOccurrences(of: "\"model\":\"m\"", with: "\"model\":\"n\"") })
    else {
      Issue.record("another model was accepted")
      return
    }
    guard case .other? = try refusal({ $0.replacingOccurrences(of: "session a", with: "session b") })
    else {
      Issue.record("another key was accepted")
      return
    }
    #expect(try refusal { $0 } == nil)
    #expect(try sample.store.load(Self.key, model: "n") == nil)
    #expect(try sample.store.load(.session("b"), model: "m") == nil)
  }

  /// A cache rejects an image of another model or precision and stays empty.
  @Test func cachesRejectImagesOfOtherModels() throws {
    let sample = try Sample("llama-plain", tokens: 20)
    let stored = try #require(try sample.store.load(Self.key, model: "m"))
    for other in [
      DiskModel(name: "llama-plain", precision: .exact),
      DiskModel(name: "llama-plain", precision: .fast, format: .int8),
      DiskModel(name: "gemma3-plain", precision: .fast),
      DiskModel(name: "gpt-oss-openai", precision: .fast),
    ] {
      var walk = try Walk(other, tokens: 0)
      let caches = walk.state.caches
      let error = #expect(throws: PromptFileError.self) { try stored.state(in: caches) }
      guard case .doesNotFit? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(walk.state.length == 0 && walk.state.bytes == 0)
      var fresh = try Walk(other, tokens: 0)
      let (found, expected) = (try walk.go(5), try fresh.go(5))
      let different = zip(found, expected).filter { $0 != $1 }
      #expect(found == expected, "\(other): \(different.count) differ, \(different.prefix(3))")
    }
    // A cache in use rejects every image.
    #expect(throws: PromptFileError.self) { try stored.state(in: sample.walk.state.caches) }
    #expect(sample.walk.state.length == 20)
  }

  private static func mutated(_ original: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = original
    // Half of the mutations are in the header.
    func place() -> Int {
      Bool.random(using: &random)
        ? Int.random(in: 0..<1500, using: &random) : Int.random(in: 0..<original.count, using: &random)
    }
    switch Int.random(in: 0..<8, using: &random) {
    case 0: bytes[place()] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[place()] = .random(in: 0...255, using: &random)
    case 2: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
    case 3: bytes.insert(.random(in: 0...255, using: &random), at: place())
    case 4: bytes.remove(at: place())
    case 5:
      let start = place(), count = min(bytes.count - start, Int.random(in: 1...200, using: &random))
      bytes.replaceSubrange(start..<start + count, with: repeatElement(0, count: count))
    case 6:
      let from = place(), to = place()
      let count = min(bytes.count - max(from, to), Int.random(in: 1...64, using: &random))
      bytes.replaceSubrange(to..<to + count, with: original[from..<from + count])
    default: bytes += original.prefix(Int.random(in: 1...100, using: &random))
    }
    return bytes
  }
}
