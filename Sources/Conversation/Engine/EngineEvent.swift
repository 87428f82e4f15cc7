/// The events of a turn, in this order: waiting, prefill, then deltas and progress, then one end.
public enum EngineEvent: Sendable, Equatable {
  /// The turn has to wait; the message is shown to the user.
  case waiting(String)
  /// Prefill progress: `done` of `total` tokens, of which `reused` were cached at the start.
  case prefill(done: Int, total: Int, reused: Int)
  /// New text, never split inside a Unicode scalar. The first delta ends the prefill and is drawn at once.
  case delta(Channel, String)
  /// Updated statistics, at any rate.
  case progress(TurnStatistics)
  /// The turn ended.
  case finished(FinishReason, TurnStatistics)
  /// The turn ended because the conversation with the new message does not fit: its tokens, and those of the context.
  case contextExceeded(tokens: Int, context: Int)
  /// The turn failed; the message is shown to the user.
  case failed(String)
}

extension EngineEvent {
  /// Whether the turn ends with this event.
  public var isEnd: Bool {
    switch self {
    case .finished, .contextExceeded, .failed: true
    case .waiting, .prefill, .delta, .progress: false
    }
  }
}
