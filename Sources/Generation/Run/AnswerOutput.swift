import Compute
import Tokenization

/// The state of an answer as it is generated: its sampler, its text, and what ends it or its reasoning. Each request
/// has its own, so that requests in one batch do not affect each other.
struct AnswerOutput {
  private var sampler: Sampler
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

  /// The parameters of the next draw; nil if the next token is inserted, not sampled.
  mutating func draw(after history: [Int32]) -> SamplingParameters? {
    forced.isEmpty ? sampler.parameters(after: history) : nil
  }

  /// The next token.
  /// - Parameter sampled: the id that was sampled; ignored if a token must be inserted.
  mutating func next(sampled: Int32) -> (id: Int32, isInserted: Bool) {
    forced.isEmpty ? (sampled, false) : (forced.removeFirst(), true)
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
