import Generation
import Models
import Testing

/// What is taken up, what leaves, and the reasons that are given.
struct PromptCacheTests {
  private let loaded: LoadedModel
  private let key = "model"

  init() throws {
    loaded = try #require(TinyModels.kinds.first { $0.architecture == "llama" }).load()
  }

  @discardableResult
  private func read(
    _ tokens: [Int32], into cache: PromptCache, as place: HeldSequence.Place, session: String? = nil
  ) async throws -> PromptReader {
    var reader = try PromptReader(tokens, loaded: loaded, key: key, session: session, cache: cache)
    _ = try await reader.read(boundaries: [], isInterrupted: { false }, { _ in })
    reader.keep(place)
    return reader
  }

  private func tokens(_ count: Int, from start: Int = 0) -> [Int32] {
    (start..<start + count).map { Int32($0 * 7 % loaded.model.facts.vocabularyCount) }
  }

  @Test func reportsHowAndWhyNot() async throws {
    let cache = PromptCache(budget: 1 << 30)
    #expect(try await read(tokens(50), into: cache, as: .answer).report == ReuseReport(miss: .nothingHeld))
    let next = try await read(tokens(80), into: cache, as: .answer)
    #expect(next.report == ReuseReport(kind: .prefix) && next.reused == 50)
    #expect(try await read([90] + tokens(40), into: cache, as: .answer).report == ReuseReport(miss: .differs))
    _ = try await read(tokens(100), into: cache, as: .draft)
    let sent = try await read(tokens(104), into: cache, as: .answer)
    #expect(sent.report.kind == .typedAhead && sent.reused == 100)
    let edited = try await read(tokens(30) + tokens(70, from: 3), into: cache, as: .answer)
    #expect(edited.report.kind == .prefix && edited.reused == 30)
    #expect(edited.report.miss == .differsAt(30))
  }

  @Test func oneBranchLeavesNoTraceOfItsEarlierStates() async throws {
    let cache = PromptCache(budget: 1 << 30)
    for count in [50, 80, 120] { _ = try await read(tokens(count), into: cache, as: .answer) }
    #expect(cache.holdings().map(\.sequences) == [1])
    _ = try await read(tokens(60) + tokens(20, from: 2), into: cache, as: .answer)
    let holding = try #require(cache.holdings().first)
    #expect(holding.sequences == 2)
    #expect(holding.tokens == 140)
    #expect(holding.bytes == cache.heldBytes)
  }

  /// The same answer to the same prompt, behind which its history was read: all of it is there already.
  @Test func anAnswerThatComesAgainIsHeldOnce() async throws {
    let cache = PromptCache(budget: 1 << 30)
    try await read(tokens(50), into: cache, as: .answer, session: "a")
    try await read(tokens(60), into: cache, as: .history, session: "a")
    let held = cache.heldBytes
    for _ in 1...3 {
      try await read(tokens(50), into: cache, as: .answer, session: "a")
      #expect(cache.holdings().map(\.sequences) == [1] && cache.heldBytes == held)
      #expect(cache.latest(of: "a").map(\.node.depth) == [60])
    }
    // What another conversation said is kept with that one, though it is the same.
    try await read(tokens(50), into: cache, as: .answer, session: "b")
    #expect(cache.latest(of: "b").map(\.node.depth) == [50])
    // A draft may leave at any time: it stands in for nothing.
    _ = try await read(tokens(70), into: cache, as: .draft, session: "a")
    try await read(tokens(65), into: cache, as: .history, session: "a")
    _ = try await read([9] + tokens(5), into: cache, as: .draft, session: "a")
    #expect(cache.latest(of: "a").map(\.node.depth) == [65])
  }

  /// On a slow model every new word would otherwise throw away the chunk that the one before it began.
  @Test func whatIsSupersededFinishesItsChunk() async throws {
    let cache = PromptCache(budget: 1 << 30)
    var reader = try PromptReader(tokens(90), loaded: loaded, key: key, session: nil, cache: cache)
    let isRead = try await reader.read(
      boundaries: [], largestChunk: 40, mayGoOn: { false }, isInterrupted: { false }, { _ in })
    #expect(!isRead && reader.sequence.ledger.count == 40)
    reader.keep(.draft)
    #expect(cache.reusable(key, tokens(90)) == 40)
  }

  @Test func staleDraftsLeave() async throws {
    let cache = PromptCache(budget: 1 << 30)
    let base = tokens(40)
    for draft in 1...5 { _ = try await read(base + tokens(10, from: draft), into: cache, as: .draft) }
    #expect(cache.holdings().map(\.sequences) == [1])
  }

  @Test func whatSavesLeastLeavesFirst() async throws {
    let page = SequenceState(layers: loaded.model.makeCaches()).expectedBytes(at: 64)
    let cache = PromptCache(budget: 4 * page)
    _ = try await read(tokens(60), into: cache, as: .answer)
    _ = try await read([1] + tokens(20), into: cache, as: .answer)
    _ = try await read([2] + tokens(60), into: cache, as: .answer)
    _ = try await read([3] + tokens(100), into: cache, as: .answer)
    #expect(cache.heldBytes <= cache.budget)
    #expect(cache.reusable(key, [1] + tokens(20)) == 0, "twenty tokens for a page")
    #expect(cache.reusable(key, [3] + tokens(100)) == 100)
    let again = try await read([1] + tokens(90), into: PromptCache(budget: 1 << 30), as: .answer)
    #expect(again.reused == 0)
    #expect(cache.missWithoutReuse(key, [1] + tokens(20)) == .evicted)
  }

  @Test func aPromptBeyondTheBudgetIsRefused() async throws {
    let cache = PromptCache(budget: 1000)
    await #expect(throws: GenerationError.self) {
      _ = try await read(tokens(60), into: cache, as: .answer)
    }
    cache.removeAll()
    #expect(cache.heldBytes == 0)
    let small = GenerationError.cacheTooSmall(tokens: 1450, needed: 34_200_000, budget: 10_000_000)
    #expect(small.description.contains("34.2 MB") && small.description.contains("10.0 MB"))
  }

  @Test func aSessionKeepsWhatOthersTakeUp() async throws {
    let cache = PromptCache(budget: 1 << 30)
    try await read(tokens(100), into: cache, as: .answer, session: "a")
    // Another conversation begins alike; stopped at once, it leaves nothing of its own.
    let other = Array(tokens(20)) + tokens(30, from: 3)
    #expect(try PromptReader(other, loaded: loaded, key: key, session: "b", cache: cache).reused == 20)
    #expect(cache.latest(of: "b").isEmpty, "what one session said is not saved with another")
    #expect(cache.latest(of: "a").map(\.node.depth) == [100])
    cache.remove(session: "b")
    #expect(cache.reusable(key, tokens(110)) == 100)
    try await read(other, into: cache, as: .answer, session: "b")
    cache.remove(session: "a")
    #expect(cache.reusable(key, tokens(110)) == 20 && cache.reusable(key, other + [1]) == 50)
  }

  @Test func oneModelsStatesAreNotAnothers() async throws {
    let cache = PromptCache(budget: 1 << 30)
    _ = try await read(tokens(50), into: cache, as: .answer)
    #expect(cache.find("another", tokens(80)) == nil)
    cache.removeAll(of: "another")
    #expect(cache.reusable(key, tokens(80)) == 50)
    cache.removeAll(of: key)
    #expect(cache.heldBytes == 0 && cache.reusable(key, tokens(80)) == 0)
  }
}
