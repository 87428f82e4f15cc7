import Basics
import Compute
import Foundation
import Generation
import Models
import TestSupport
import Testing

struct CacheStoreTests {
  /// A prompt of a given size, without a model.
  private func prompt(_ tokens: [Int32], bytes: Int = 4096) -> StoredPrompt {
    let shape = RecurrentShape(channels: 0, taps: 1, heads: 1, rows: 1, columns: bytes / 4)
    let numbers = (0..<bytes / 4).map { Float($0) + Float(tokens.first ?? 0) }
    return StoredPrompt(
      ledger: tokens, logits: [1, 2],
      caches: [
        CacheImage(
          layout: .recurrent(shape), length: tokens.count,
          planes: [
            CacheImage.Plane(name: "convolution", blocks: [Bytes(copying: [Float]())]),
            CacheImage.Plane(name: "state", blocks: [Bytes(copying: numbers)]),
          ])
      ])
  }

  @Test func distinguishesModelsAndKeys() throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path + "/sotto/prompts", limit: 1 << 20)
    let ids = ["a", "A1-_", "../../escape", "", "a/b", "tschüß", String(repeating: "x", count: 500), "~a"]
    #expect(try store.load(.session("a"), model: "m") == nil)
    #expect(store.totalBytes == 0 && store.heads(of: "m").isEmpty)
    var number: Int32 = 0
    for model in ["m", "n"] {
      for id in ids {
        number += 1
        try store.save(prompt([number]), for: .session(id), model: model)
      }
      try store.save(prompt([number, 7]), for: .head(of: [1, 2, 3]), model: model)
    }
    #expect(try TemporaryFolder.count(store.folder) == 2 * (ids.count + 1))
    number = 0
    for model in ["m", "n"] {
      for id in ids {
        number += 1
        #expect(try store.load(.session(id), model: model)?.ledger == [number])
      }
      #expect(try store.load(.head(of: [1, 2, 3]), model: model)?.ledger == [number, 7])
      #expect(store.contains(.session("a"), model: model) && !store.contains(.session("b"), model: model))
    }
    store.remove(.session("a"), model: "m")
    #expect(!store.contains(.session("a"), model: "m") && store.contains(.session("a"), model: "n"))
    let attributes = try FileManager.default.attributesOfItem(atPath: store.folder)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
  }

  @Test func findsTheLongestHeadByFileNames() throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path, limit: 1 << 20)
    let prompt = (0..<50).map { Int32($0) }
    for count in [3, 20, 40] {
      try store.save(self.prompt(Array(prompt[..<count])), for: .head(of: prompt[..<count]), model: "m")
    }
    try store.save(self.prompt([9]), for: .head(of: prompt[..<30].map { $0 + 1 }), model: "m")
    try store.save(self.prompt([9]), for: .session("head.3-0000000000000000"), model: "m")
    // Other files in the folder are ignored.
    for name in ["x", "m.head.1.safetensors", "head.-1-0.safetensors"] { try folder.replace([1], name) }
    #expect(store.heads(of: "m").map(\.count).sorted() == [3, 20, 30, 40])
    #expect(store.longestHead(of: prompt, model: "m") == PromptHead(prompt[..<40]))
    #expect(store.longestHead(of: Array(prompt[..<39]), model: "m")?.count == 20)
    #expect(store.longestHead(of: Array(prompt[..<2]), model: "m") == nil)
    #expect(store.longestHead(of: [], model: "m") == nil)
    #expect(store.longestHead(of: prompt, model: "n") == nil)
  }

  @Test func theLeastRecentlyUsedFilesAreRemovedFirst() throws {
    let folder = try TemporaryFolder()
    let size = try {
      let probe = CacheStore(folder: folder.path + "/probe", limit: 1 << 20)
      try probe.save(prompt([1]), for: .session("0"), model: "m")
      return probe.totalBytes
    }()
    let store = CacheStore(folder: folder.path + "/prompts", limit: 3 * size + size / 2)
    func age(_ id: String, _ seconds: Double) throws {
      let name = try #require(
        try FileManager.default.contentsOfDirectory(atPath: store.folder).first {
          $0.contains(".session.\(id).")
        })
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: store.folder + "/" + name)
    }
    func kept() -> [String] {
      ["a", "b", "c", "d", "e"].filter { store.contains(.session($0), model: "m") }
    }
    for (id, seconds) in [("a", 300.0), ("b", 200), ("c", 100)] {
      try store.save(prompt([1]), for: .session(id), model: "m")
      try age(id, seconds)
    }
    // Loading counts as use.
    #expect(try store.load(.session("a"), model: "m") != nil)
    try store.save(prompt([1]), for: .session("d"), model: "m")
    #expect(kept() == ["a", "c", "d"])
    try age("d", 1000)
    try store.save(prompt([1]), for: .session("d"), model: "m")
    #expect(kept() == ["a", "c", "d"])
    // A file that was just written is kept even if it looks old; one larger than the limit is not written.
    try store.save(prompt([1], bytes: 2 * size), for: .session("e"), model: "m")
    #expect(kept().contains("e") && store.totalBytes <= store.limit)
    let error = #expect(throws: PromptFileError.self) {
      try store.save(prompt([1], bytes: 4 * size), for: .session("a"), model: "m")
    }
    guard case .tooLarge? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(kept().contains("e"))
  }

  @Test func partialFilesOfCrashedWritersAreRemoved() throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path, limit: 1 << 20)
    func abandon(_ name: String) throws {
      try folder.replace([1, 2], name)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: folder.path + "/" + name)
    }
    try abandon("a.1-1.partial")
    try folder.replace([1, 2], "b.1-1.partial")
    try store.save(prompt([1]), for: .session("a"), model: "m")
    let names = try folder.names
    #expect(!names.contains("a.1-1.partial") && names.contains("b.1-1.partial") && names.count == 2)
    try abandon("c.1-1.partial")
    store.removeAll()
    #expect(try folder.names == ["b.1-1.partial"])
    // Before writing: they may be what fills the disk.
    try abandon("d.1-1.partial")
    #expect(throws: PromptFileError.self) {
      try store.save(prompt([1]), for: .session("a"), model: "m") { true }
    }
    #expect(try folder.names == ["b.1-1.partial"])
  }

  /// A cancelled save leaves the previous file and no partial one.
  @Test(arguments: 0..<5)
  func aSaveThatIsGivenUpLeavesNothing(_ block: Int) throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path, limit: 1 << 20)
    try store.save(prompt([1]), for: .session("a"), model: "m")
    let before = try folder.content
    var asked = 0
    let error = #expect(throws: PromptFileError.self) {
      try store.save(prompt([2, 3]), for: .session("a"), model: "m") {
        asked += 1
        return asked > block
      }
    }
    guard case .interrupted? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try folder.names.count == 1 && folder.content == before)
  }

  /// The folder is removed during a save: no error, and the next save creates it again.
  @Test func aRemovedFolderIsCreatedAgain() throws {
    let folder = try TemporaryFolder()
    var store = CacheStore(folder: folder.path + "/prompts", limit: 1 << 20)
    let path = store.folder
    store.beforeBlock = { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: PromptFileError.self) {
      try store.save(prompt([1]), for: .session("a"), model: "m")
    }
    guard case .interrupted? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    store.beforeBlock = {}
    try store.save(prompt([1]), for: .session("a"), model: "m")
    #expect(try store.load(.session("a"), model: "m")?.ledger == [1])
  }

  @Test func anUnwritableFolderIsAnError() throws {
    let folder = try TemporaryFolder()
    try folder.replace([1], "file")
    let store = CacheStore(folder: folder.path + "/file/prompts", limit: 1 << 20)
    #expect(throws: PromptFileError.self) { try store.save(prompt([1]), for: .session("a"), model: "m") }
    #expect(try store.load(.session("a"), model: "m") == nil)
    #expect(store.totalBytes == 0)
  }

  /// Concurrent writers and readers of the same keys, with evictions: a reader gets nothing or a whole prompt.
  @Test func manyAtOnce() throws {
    let folder = try TemporaryFolder()
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      let store = CacheStore(folder: folder.path, limit: 60_000)
      for round in 0..<40 {
        let key = PromptKey.session("\(round % 6)")
        do {
          if (worker + round) % 2 == 0 {
            let tokens = [Int32](repeating: Int32(worker * 1000 + round), count: 5 + worker)
            try store.save(prompt(tokens), for: key, model: "m")
          } else if let stored = try store.load(key, model: "m") {
            let state = try stored.caches[0].planes[1].blocks[0].read().withUnsafeBytes {
              try #require($0.bindMemory(to: Float.self).first)
            }
            #expect(Set(stored.ledger).count == 1 && Float(stored.ledger[0]) == state)
          }
        } catch { Issue.record("\(error)") }
      }
    }
    #expect(try folder.names.allSatisfy { $0.hasSuffix(".safetensors") })
  }

  @Test func theFolderIsInTheUsersCaches() {
    let folders = UserFolders(environment: ["XDG_CACHE_HOME": "/c", "HOME": "/h"])
    #expect(CacheStore.defaultFolder(folders) == "/c/sotto/prompts")
  }
}

extension TemporaryFolder {
  /// The number of files in a folder.
  static func count(_ path: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: path).count
  }
}
