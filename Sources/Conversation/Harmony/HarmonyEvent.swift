/// The streams of the output.
public enum HarmonyStream: Sendable, Equatable {
  /// The reasoning: the analysis channel.
  case reasoning
  /// The answer: the final channel, and messages without a channel.
  case answer
  /// Text for the user before tool calls: the commentary channel.
  case preamble
  /// The arguments of a call of this tool.
  case call(String)
}

/// A tool call.
public struct HarmonyCall: Sendable, Equatable {
  /// The full name of the tool, such as `functions.get_weather`.
  public var recipient: String
  /// The arguments as generated, usually JSON.
  public var arguments: String
  /// The type of the arguments, such as `json`; nil when the model gave none.
  public var contentType: String?

  /// The name of the function without its namespace.
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

/// The end of a turn.
public enum HarmonyEnding: Sendable, Equatable {
  /// The model ended its turn.
  case complete
  /// The model waits for the result of a tool.
  case call
  /// The model started a message of another role.
  case strayRole
  /// The output ended before the model ended its turn.
  case cut
}

/// The events of the output, in order.
public enum HarmonyEvent: Sendable, Equatable {
  /// A message starts.
  case began(HarmonyStream)
  /// More text of the message; never empty, never a marker.
  case text(String, HarmonyStream)
  /// A message that calls a tool is complete.
  case call(HarmonyCall)
  /// The turn ended; later output is ignored.
  case ended(HarmonyEnding)
}
