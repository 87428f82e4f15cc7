/// What a part of the model's output is for.
public enum HarmonyStream: Sendable, Equatable {
  /// Thoughts: the analysis channel.
  case reasoning
  /// What is said to the person: the final channel, and what has no channel.
  case answer
  /// What is said to the person before tools are called: the commentary channel.
  case preamble
  /// The arguments of a call of this tool.
  case call(String)
}

/// A tool that the model calls.
public struct HarmonyCall: Sendable, Equatable {
  /// The tool's full name, such as `functions.get_weather`.
  public var recipient: String
  /// What it is given: usually JSON, as the model wrote it.
  public var arguments: String
  /// What the arguments are, such as `json`; nil where the model did not say.
  public var contentType: String?

  /// The function's name without its namespace.
  public var name: String {
    recipient.hasPrefix("functions.") ? String(recipient.dropFirst("functions.".count)) : recipient
  }

  /// A call.
  public init(recipient: String, arguments: String, contentType: String? = nil) {
    self.recipient = recipient
    self.arguments = arguments
    self.contentType = contentType
  }
}

/// How the model's turn ended.
public enum HarmonyEnding: Sendable, Equatable {
  /// It said all it wanted.
  case complete
  /// It waits for a tool's result.
  case call
  /// It began to write a message of someone else.
  case strayRole
  /// The output stopped before the model ended its turn.
  case cut
}

/// What happens in the model's output, in order.
public enum HarmonyEvent: Sendable, Equatable {
  /// A message begins.
  case began(HarmonyStream)
  /// More text of the message; never empty, never a marker.
  case text(String, HarmonyStream)
  /// A message that calls a tool is complete.
  case call(HarmonyCall)
  /// The turn is over; what follows is ignored.
  case ended(HarmonyEnding)
}
