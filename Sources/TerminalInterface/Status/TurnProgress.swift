import Conversation

/// The state before a turn, which is restored if the turn ends before its first token.
package struct TurnOrigin: Sendable {
  package var conversation: MessageTree
  /// The sent draft and its text; nil for another answer to an earlier message.
  package var sent: (draft: Draft, text: String)?
  /// The message that the draft replaces.
  package var editing: MessageTree.ID?

  package init(
    conversation: MessageTree, sent: (draft: Draft, text: String)? = nil, editing: MessageTree.ID? = nil
  ) {
    self.conversation = conversation
    self.sent = sent
    self.editing = editing
  }
}

/// The state of a running turn.
package struct TurnProgress: Sendable, Equatable {
  package enum Phase: Sendable, Equatable {
    /// The model is loading; the request is sent after that.
    case loading
    /// The request was sent; no event has arrived.
    case waiting
    case prefill(done: Int, total: Int, reused: Int)
    case thinking
    case writing
  }

  /// The number of the turn, to drop events of earlier turns.
  package let id: Int
  /// The message of the answer.
  package let answer: MessageTree.ID
  /// The model of the answer, even after a switch; nil while it is loading.
  package let model: ModelInfo?
  package var phase: Phase
  /// When Enter was pressed, in seconds on the monotonic clock. Later by the time for which the process was stopped.
  package private(set) var started: Double
  /// Seconds for which the process was stopped before and after the first token.
  private var stopped = (prefill: 0.0, generation: 0.0)
  package let origin: TurnOrigin
  package var statistics = TurnStatistics()
  package var isStopping = false
  /// What changed since the last prompt, if the cache could not be used for that reason.
  package var change: String?
  /// The user asked to end the reasoning.
  package var answerNowRequested = false
  /// When the reasoning started.
  package var thinkingSince: Double?
  /// The tokens over time, for the graph of the speed.
  private var samples: [(time: Double, tokens: Int)] = []
  private var forecast: PrefillForecast?

  package init(
    id: Int, answer: MessageTree.ID, model: ModelInfo?, phase: Phase, started: Double, origin: TurnOrigin
  ) {
    self.origin = origin
    self.id = id
    self.answer = answer
    self.model = model
    self.phase = phase
    self.started = started
  }

  package static func == (one: TurnProgress, other: TurnProgress) -> Bool {
    one.id == other.id && one.phase == other.phase && one.statistics == other.statistics
      && one.isStopping == other.isStopping && one.answerNowRequested == other.answerNowRequested
  }

  /// Excludes a time for which the process was stopped from all measurements.
  package mutating func exclude(seconds: Double) {
    if statistics.timeToFirstToken == nil {
      stopped.prefill += seconds
    } else {
      stopped.generation += seconds
    }
    started += seconds
    thinkingSince = thinkingSince.map { $0 + seconds }
    samples = samples.map { ($0.time + seconds, $0.tokens) }
    forecast?.exclude(seconds: seconds)
  }

  /// The engine's statistics without the time for which the process was stopped, which its clock includes.
  package func corrected(_ statistics: TurnStatistics) -> TurnStatistics {
    var result = statistics
    result.timeToFirstToken = statistics.timeToFirstToken.map { max(0, $0 - stopped.prefill) }
    func rate(_ count: Int, _ rate: Double?, _ stopped: Double) -> Double? {
      guard let rate, rate > 0, count > 0, stopped > 0 else { return rate }
      let time = Double(count) / rate - stopped
      // A shorter time was not measured by the engine either.
      return time > 0 ? Double(count) / time : rate
    }
    result.promptTokensPerSecond = rate(
      statistics.newTokens, statistics.promptTokensPerSecond, stopped.prefill)
    result.tokensPerSecond = rate(
      statistics.generatedTokens - 1, statistics.tokensPerSecond, stopped.generation)
    return result
  }

  /// Records the number of generated tokens, at most ten times a second.
  package mutating func recordTokens(_ count: Int, now: Double) {
    guard count > 0, now - (samples.last?.time ?? -.infinity) >= 0.1 else { return }
    samples.append((now, count))
  }

  /// The speed over the answer.
  package var speeds: [Double]? {
    let speeds = SpeedText.speeds(samples)
    return speeds.isEmpty ? nil : speeds
  }

  /// Records the progress of the prefill.
  package mutating func recordPrefill(done: Int, total: Int, reused: Int, now: Double) {
    phase = .prefill(done: done, total: total, reused: reused)
    if forecast == nil {
      forecast = PrefillForecast(
        done: done, total: total, now: now, attentionShare: model?.attentionShare ?? 0)
    }
    forecast?.note(done: done, now: now)
  }

  /// The estimated seconds until the end of the prefill; nil before the first estimate.
  package func remaining(now: Double) -> Double? {
    guard case .prefill = phase else { return nil }
    return forecast?.remaining(now: now)
  }
}

/// What a prompt is made from besides the messages, to explain why a cache was not used.
package struct PromptContext: Sendable, Equatable {
  package var session: String
  package var model: String?
  package var systemPrompt: String?
  package var effort: String?

  package init(session: String, model: String?, systemPrompt: String?, effort: String?) {
    (self.session, self.model, self.systemPrompt, self.effort) = (session, model, systemPrompt, effort)
  }

  /// What changed since an earlier prompt, in words; nil if nothing did that would explain a miss.
  package func change(since earlier: PromptContext?) -> String? {
    guard let earlier else { return nil }
    if model != earlier.model { return "another model" }
    if systemPrompt != earlier.systemPrompt { return "system prompt changed" }
    if effort != earlier.effort { return "effort changed" }
    return session != earlier.session ? "another conversation" : nil
  }
}
