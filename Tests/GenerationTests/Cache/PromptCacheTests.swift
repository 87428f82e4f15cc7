import Compute
import Generation
import Models
import Testing

/// Reuse, eviction, and the reported reasons.
struct PromptCacheTests {
  private let loaded: LoadedModel
  private let key = "model"

  init() throws {
    loaded = try #require(TinyModels.kinds.first { $0.architecture == "llama" }).load()
  }

  @discardableResult
  private func read(
    _ tokens: [Int32], into cache: PromptCache, as place: HeldSequence.Place, session: String? = nil
  ) throws -> PromptReader {
    var reader = try PromptReader(
      tokens, loaded: loaded, key: key, session: session, cache: SharedPromptCache(cache))
    _ = try reader.read(boundaries: [], isInterrupted: { false }, { _ in })
    reader.keep(place)
    return reader
  }

  private func tokens(_ count: Int, from start: Int = 0) -> [Int32] {
    (start..<start + count).map { Int32($0 * 7 % loaded.model.facts.vocabularyCount) }
  }

  @Test func reportsReuseAndMisses() throws {
    let cache = PromptCache(budget: 1 << 30)
    #expect(try read(tokens(50), into: cache, as: .answer).report == ReuseReport(miss: .nothingHeld))
    let next = try read(tokens(80), into: cache, as: .answer)
    #expect(next.report == ReuseReport(kind: .prefix) && next.reused == 50)
    #expect(try read([90] + tokens(40), into: cache, as: .answer).report == ReuseReport(miss: .differs))
    _ = try read(tokens(100), into: cache, as: .draft)
    let sent = try read(tokens(104), into: cache, as: .answer)
    #expect(sent.report.kind == .typedAhead && sent.reused == 100)
    let edited = try read(tokens(30) + tokens(70, from: 3), into: cache, as: .answer)
    #expect(edited.report.kind == .prefix && edited.reused == 30)
    #expect(edited.report.miss == .differsAt(30))
  }

  @Test func earlierStatesOfABranchAreRemoved() throws {
    let cache = PromptCache(budget: 1 << 30)
    for count in [50, 80, 120] { _ = try read(tokens(count), into: cache, as: .answer) }
    #expect(cache.holdings().map(\.sequences) == [1])
    _ = try read(tokens(60) + tokens(20, from: 2), into: cache, as: .answer)
    let holding = try #require(cache.holdings().first)
    #expect(holding.sequences == 2)
    #expect(holding.tokens == 140)
    #expect(holding.bytes == cache.heldBytes)
  }

  /// The same answer to the same prompt, after whose history was prefilled: everything is held already.
  @Test func aRepeatedAnswerIsHeldOnce() async throws {
    let cache = PromptCache(budget: 1 << 30)
    try read(tokens(50), into: cache, as: .answer, session: "a")
    try read(tokens(60), into: cache, as: .history, session: "a")
    let held = cache.heldBytes
    for _ in 1...3 {
      try read(tokens(50), into: cache, as: .answer, session: "a")
      #expect(cache.holdings().map(\.sequences) == [1] && cache.heldBytes == held)
      #expect(cache.latest(of: "a").map(\.tokens.count) == [60])
    }
    // The same tokens in another session are kept with that session.
    try read(tokens(50), into: cache, as: .answer, session: "b")
    #expect(cache.latest(of: "b").map(\.tokens.count) == [50])
    // A draft may be evicted at any time, so it makes nothing redundant.
    _ = try read(tokens(70), into: cache, as: .draft, session: "a")
    try read(tokens(65), into: cache, as: .history, session: "a")
    _ = try read([9] + tokens(5), into: cache, as: .draft, session: "a")
    #expect(cache.latest(of: "a").map(\.tokens.count) == [65])
  }

  /// On a slow model, every new word would otherwise discard the current chunk.
  @Test func aSupersededPrefillFinishesItsChunk() throws {
    let cache = PromptCache(budget: 1 << 30)
    var reader = try PromptReader(
      tokens(90), loaded: loaded, key: key, session: nil, cache: SharedPromptCache(cache))
    let isRead = try reader.read(
      boundaries: [], largestChunk: 40, mayGoOn: { false }, isInterrupted: { false }, { _ in })
    #expect(!isRead && reader.sequence.ledger.count == 40)
    reader.keep(.draft)
    #expect(cache.reusable(key, tokens(90)) == 40)
  }

  @Test func staleDraftsAreRemoved() throws {
    let cache = PromptCache(budget: 1 << 30)
    let base = tokens(40)
    for draft in 1...5 { _ = try read(base + tokens(10, from: draft), into: cache, as: .draft) }
    #expect(cache.holdings().map(\.sequences) == [1])
  }

  @Test func theLeastValuableSequenceIsEvictedFirst() throws {
    let page = SequenceState(caches: loaded.model.makeCaches()).expectedBytes(at: 64)
    let cache = PromptCache(budget: 4 * page)
    _ = try read(tokens(60), into: cache, as: .answer)
    _ = try read([1] + tokens(20), into: cache, as: .answer)
    _ = try read([2] + tokens(60), into: cache, as: .answer)
    _ = try read([3] + tokens(100), into: cache, as: .answer)
    #expect(cache.heldBytes <= cache.budget)
    #expect(cache.reusable(key, [1] + tokens(20)) == 0, "twenty tokens for a page")
    #expect(cache.reusable(key, [3] + tokens(100)) == 101)
    let again = try read([1] + tokens(90), into: PromptCache(budget: 1 << 30), as: .answer)
    #expect(again.reused == 0)
    #expect(cache.missWithoutReuse(key, [1] + tokens(20)) == .evicted)
  }

  @Test func aPromptBeyondTheBudgetIsRejected() throws {
    let cache = PromptCache(budget: 1000)
    #expect(throws: GenerationError.self) {
      _ = try read(tokens(60), into: cache, as: .answer)
    }
    #expect(cache.heldBytes == 0)
    let small = GenerationError.cacheTooSmall(tokens: 1450, needed: 34_200_000, budget: 10_000_000)
    #expect(small.description.contains("34.2 MB") && small.description.contains("10.0 MB"))
  }

  @Test func aSessionKeepsWhatOthersReuse() throws {
    let cache = PromptCache(budget: 1 << 30)
    try read(tokens(100), into: cache, as: .answer, session: "a")
    // Another session with the same prefix; stopped at once, it stores nothing.
    let other = Array(tokens(20)) + tokens(30, from: 3)
    #expect(
      try PromptReader(other, loaded: loaded, key: key, session: "b", cache: SharedPromptCache(cache)).reused
        == 20)
    #expect(cache.latest(of: "b").isEmpty, "what one session said is not saved with another")
    #expect(cache.latest(of: "a").map(\.tokens.count) == [100])
    cache.remove(session: "b")
    #expect(cache.reusable(key, tokens(110)) == 100)
    try read(other, into: cache, as: .answer, session: "b")
    cache.remove(session: "a")
    #expect(cache.reusable(key, tokens(110)) == 20 && cache.reusable(key, other + [1]) == 50)
  }

  /// A history that another session holds is saved with both, and removed with the last of them.
  @Test func sessionsOwnTheSameHistory() throws {
    let cache = PromptCache(budget: 1 << 30)
    func latest(_ session: String) -> [Int] { cache.latest(of: session).map(\.tokens.count) }
    try read(tokens(60), into: cache, as: .history, session: "a")
    cache.own(key, tokens(60), "b")
    cache.own(key, tokens(40), "c")
    cache.own(key, [1] + tokens(40), "d")
    #expect(latest("a") == [60] && latest("b") == [60] && latest("c") == [40] && latest("d").isEmpty)
    // The first session goes on.
    try read(tokens(90), into: cache, as: .answer, session: "a")
    #expect(latest("a") == [90] && latest("b") == [60] && latest("c") == [40])
    // What it holds already is its latest state again.
    try read([5] + tokens(20), into: cache, as: .answer, session: "a")
    cache.own(key, tokens(70), "a")
    #expect(latest("a") == [90])
    cache.remove(session: "a")
    #expect(cache.reusable(key, tokens(100)) == 60)
    cache.remove(session: "b")
    #expect(cache.reusable(key, tokens(100)) == 40)
    cache.remove(session: "c")
    #expect(cache.heldBytes == 0)
  }

  /// A draft that continues a history does not replace it: the history is what is saved.
  @Test func aDraftLeavesItsHistory() throws {
    let cache = PromptCache(budget: 1 << 30)
    try read(tokens(60), into: cache, as: .history, session: "a")
    try read(tokens(70), into: cache, as: .draft, session: "a")
    #expect(cache.latest(of: "a").map(\.tokens.count) == [60])
    try read(tokens(75), into: cache, as: .prompt, session: "a")
    #expect(cache.latest(of: "a").map(\.tokens.count) == [75])
  }

  @Test func modelsDoNotShareStates() throws {
    let cache = PromptCache(budget: 1 << 30)
    _ = try read(tokens(50), into: cache, as: .answer)
    #expect(cache.find("another", tokens(80)) == nil)
    #expect(cache.reusable(key, tokens(80)) == 50)
  }
  /// Bytes freed: shared blocks count once, blocks of an active sequence not at all.
  @Test func freedBytesAreCounted() throws {
    let cache = PromptCache(budget: 1 << 30)
    try read(tokens(200), into: cache, as: .prompt)
    try read(tokens(130) + tokens(100, from: 3), into: cache, as: .answer)
    let bytes = cache.heldBytes
    #expect(cache.removeAll() == bytes && cache.heldBytes == 0)
    #expect(cache.reusable(key, tokens(80)) == 0 && cache.removeAll() == 0)

    try read(tokens(200), into: cache, as: .prompt)
    var inUse = try read(tokens(130) + tokens(100, from: 3), into: cache, as: .answer)
    _ = try inUse.generate(after: Tokens([1]), id: 1)
    #expect(cache.heldBytes == bytes)
    // Six pages per layer: two shared ones, and two of each. The active sequence has copied its last page to write to
    // it, and holds the three before.
    let logits = loaded.model.facts.vocabularyCount * MemoryLayout<Float>.stride
    #expect(cache.removeAll() == (bytes - logits) / 2 + logits)
    #expect(inUse.sequence.ledger.count == 231)
  }
}
