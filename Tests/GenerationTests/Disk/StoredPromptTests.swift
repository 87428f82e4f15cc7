import Foundation
import Generation
import Models
import TestSupport
import Testing

/// Sequences that were saved and loaded continue like those that were not, bit for bit.
struct StoredPromptTests {
  /// Enough for sliding windows to have dropped pages.
  private static let count = 700
  private static let key = PromptKey.session("a")

  @Test(arguments: DiskModel.all)
  func goesOnWhereItWas(_ tiny: DiskModel) throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path, limit: 1 << 30)
    var walk = try Walk(tiny, tokens: Self.count)
    try store.save(
      StoredPrompt(walk.state, ledger: walk.ledger, logits: walk.logits), for: Self.key, model: "m")
    let written = try folder.content

    let stored = try #require(try store.load(Self.key, model: "m"))
    #expect(stored.ledger == walk.ledger)
    #expect(stored.logits == walk.logits)
    var loaded = walk.with(try stored.state(in: walk.model.makeCaches()), ledger: stored.ledger)
    #expect(loaded.state.length == Self.count && loaded.state.bytes == walk.state.bytes)
    var fork = walk.with(loaded.state.fork(), ledger: stored.ledger)

    #expect(try loaded.go(9) == walk.go(9))
    #expect(try loaded.go(70, oneByOne: true) == walk.go(70, oneByOne: true))
    #expect(try fork.go(9) == Self.tail(stored, walk, 9))
    // Advancing has not written to the file's pages: a second reader sees the same content.
    #expect(try folder.content == written)
    let again = try #require(try store.load(Self.key, model: "m"))
    var second = walk.with(try again.state(in: walk.model.makeCaches()), ledger: again.ledger)
    #expect(try second.go(9) == Self.tail(stored, walk, 9))
  }

  /// The logits of the next tokens after a stored prompt.
  private static func tail(_ stored: StoredPrompt, _ walk: Walk, _ count: Int) throws -> [Float] {
    var other = walk.with(try stored.state(in: walk.model.makeCaches()), ledger: stored.ledger)
    return try other.go(count)
  }

  @Test(arguments: DiskModel.all)
  func isCutBackIntoWhatWasLoaded(_ tiny: DiskModel) throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path, limit: 1 << 30)
    var walk = try Walk(tiny, tokens: Self.count)
    try store.save(StoredPrompt(walk.state, ledger: walk.ledger), for: Self.key, model: "m")
    let stored = try #require(try store.load(Self.key, model: "m"))
    #expect(stored.logits == nil)
    let written = try folder.content
    for length in [Self.count - 3, Self.count - 100, 0] {
      let state = try stored.state(in: walk.model.makeCaches())
      #expect(state.canTruncate(to: length) == walk.state.canTruncate(to: length), "\(length)")
      guard walk.state.canTruncate(to: length) else { continue }
      walk.state.truncate(to: length)
      walk.ledger.removeLast(walk.ledger.count - length)
      state.truncate(to: length)
      var loaded = walk.with(state, ledger: walk.ledger)
      #expect(try loaded.go(5, oneByOne: true) == walk.go(5, oneByOne: true))
    }
    #expect(try folder.content == written)
  }

  /// The fixtures' windows must have wrapped for the tests above to be meaningful.
  @Test func windowsHaveWrapped() throws {
    for name in ["gemma3-plain", "gpt-oss-openai"] {
      let walk = try Walk(DiskModel(name: name, precision: .fast), tokens: Self.count)
      let origins = walk.state.image().compactMap { image -> Int? in
        guard case .keyValue(let layout) = image.layout else { return nil }
        return layout.origin
      }
      #expect(origins.contains { $0 > 0 } && origins.contains(0), "\(name): \(origins)")
    }
  }

  @Test func anEmptySequenceIsStoredToo() throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path, limit: 1 << 30)
    let walk = try Walk(DiskModel(name: "llama-plain", precision: .exact), tokens: 0)
    try store.save(StoredPrompt(walk.state, ledger: []), for: Self.key, model: "m")
    let stored = try #require(try store.load(Self.key, model: "m"))
    var loaded = walk.with(try stored.state(in: walk.model.makeCaches()), ledger: [])
    var fresh = walk
    #expect(try loaded.go(5) == fresh.go(5))
  }

  /// An image is written by another thread while the sequence advances and is truncated.
  @Test func savingContinuesDuringGeneration() throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path, limit: 1 << 30)
    for round in 0..<20 {
      var walk = try Walk(DiskModel(name: "gemma3-plain", precision: .fast), tokens: 130 + round)
      let prompt = StoredPrompt(walk.state, ledger: walk.ledger, logits: walk.logits)
      let expected = try Self.tail(prompt, walk, 20)
      let group = DispatchGroup()
      DispatchQueue.global().async(group: group) {
        do { try store.save(prompt, for: Self.key, model: "m") } catch { Issue.record("\(error)") }
      }
      walk.state.truncate(to: 100)
      walk.ledger.removeLast(walk.ledger.count - 100)
      walk.ledger[0] += 1
      try walk.go(50, oneByOne: true)
      group.wait()
      let stored = try #require(try store.load(Self.key, model: "m"))
      #expect(stored.ledger == prompt.ledger)
      #expect(try Self.tail(stored, walk, 20) == expected)
    }
  }
}
