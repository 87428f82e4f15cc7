import Compute
import Tokenization

/// The state of an answer as it is generated: its sampler, its text, and what ends it or its reasoning. Each request
/// has its own, so that requests in one batch do not affect each other.
struct AnswerOutput {
  private var sampler: Sampler
  /// The states of the sampler after each draw whose token was not taken.
  private var ahead: [Sampler] = []
  private var decoder: StreamingDecoder?
  private var stops: StopMatcher
  private var watch: ThoughtWatch?
  /// Tokens to insert before the next sampled one.
  private var forced: [Int32] = []
  private let endTokens: Set<Int32>

  /// - Parameter room: the number of tokens for reasoning and answer together.
  init(_ request: GenerationRequest, tokenizer: Tokenizer?, room: Int) {
    sampler = Sampler(request.sampling)
    decoder = tokenizer.map { StreamingDecoder($0, skipSpecial: true) }
    stops = StopMatcher(request.stopStrings)
    endTokens = Set(tokenizer?.endOfGenerationTokens ?? [])
    watch = request.thoughtLimit.map { ThoughtWatch($0, room: room) }
  }

  /// Whether the next token is inserted, not sampled.
  var isForced: Bool { !forced.isEmpty }

  /// The number of latest tokens that draws depend on.
  var window: Int { sampler.window }

  /// The parameters of the next draws: the first follows `history`, each other one a further proposed token. A draw
  /// counts when its token is taken.
  mutating func draws(after history: [Int32], proposals: [Int32]) -> [SamplingParameters] {
    ahead.removeAll()
    guard !isForced else { return [.greedy] }
    var history = history, next = sampler
    var draws = [next.parameters(after: history)]
    ahead.append(next)
    for token in proposals {
      history.append(token)
      draws.append(next.parameters(after: history))
      ahead.append(next)
    }
    return draws
  }

  /// The next token.
  /// - Parameter sampled: the id that was sampled; ignored if a token must be inserted.
  mutating func next(sampled: Int32) -> (id: Int32, isInserted: Bool) {
    guard !isForced else { return (forced.removeFirst(), true) }
    if !ahead.isEmpty { sampler = ahead.removeFirst() }
    return (sampled, false)
  }

  /// Whether a token ends the answer. It is not part of it.
  func isEnd(_ id: Int32) -> Bool { endTokens.contains(id) }

  /// Adds a token.
  /// - Parameter wantsAnswer: whether to end the reasoning now.
  /// - Returns: the text that can be shown, and whether a stop string followed it.
  mutating func add(_ id: Int32, isInserted: Bool, wantsAnswer: Bool) -> (text: String, stopped: Bool) {
    let written = decoder?.feed(id) ?? ""
    if !isInserted, let closing = watch?.note(id, text: written, wantsAnswer: wantsAnswer) {
      forced = closing
    }
    return stops.feed(written)
  }

  /// The withheld text, at the end of an answer that no stop string ended.
  mutating func flush() -> String { stops.feed(decoder?.flush() ?? "").text + stops.flush() }
}
