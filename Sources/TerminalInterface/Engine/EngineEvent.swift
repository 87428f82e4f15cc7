import Conversation

/// What happens while a turn is answered, in this order: prefill, deltas and progress mixed, one end.
public enum EngineEvent: Sendable, Equatable {
  /// The prompt is being read: `done` of `total` tokens, of which `reused` were in the cache at the start.
  case prefill(done: Int, total: Int, reused: Int)
  /// Text came, never split inside a character. The first one ends the reading; it is drawn at once.
  case delta(Channel, String)
  /// Numbers changed; sent as often as the engine likes.
  case progress(TurnStatistics)
  /// The turn is over.
  case finished(FinishReason, TurnStatistics)
  /// The turn failed; the message is shown as it is.
  case failed(String)
}
