/// Separates reasoning and answer in the output of models that write messages to recipients (Muse Glimmer): thoughts to
/// themselves, then the answer to the user.
///
/// The prompt ends with `<|start|>assistant`, and the output is
/// ` to=self<|message|>thoughts<|eom|><|start|>assistant to=user<|message|>answer`. Messages to other recipients are calls
/// of tools and count as answers, as does text without a header. An unfinished header at the end is dropped. Text is
/// emitted as soon as it cannot be part of a delimiter. Linear in the output.
public struct RecipientParser: Sendable {
  /// The channel of the current message; nil within a header.
  private var channel: Channel?
  /// The buffered text: a header, or a possible prefix of a delimiter.
  private var held = ""
  /// Whether blanks are dropped until the next text.
  private var skipsBlanks = true
  /// The channels that have text: another message of the same channel starts a paragraph.
  private var filled: Set<Channel> = []

  /// - Parameter channel: the channel of the message within which the prompt ends; nil if it ends before a header.
  public init(inside channel: Channel? = nil) {
    self.channel = channel
    skipsBlanks = channel == nil
  }

  /// Processes more output; returns the text that is complete.
  public mutating func process(_ text: String) -> [(channel: Channel, text: String)] {
    held += text
    var result: [(channel: Channel, text: String)] = []
    while passDelimiter(&result) {}
    return result
  }

  /// Ends the output; returns the buffered text.
  public mutating func finish() -> [(channel: Channel, text: String)] {
    var result: [(channel: Channel, text: String)] = []
    emit(held, &result)
    held = ""
    return result
  }

  private static let ends = ["<|eom|>", "<|eot|>", "<|start|>"]

  /// Passes a header, or the text before the next end of a message; false if neither is complete.
  private mutating func passDelimiter(_ result: inout [(channel: Channel, text: String)]) -> Bool {
    guard channel != nil else {
      switch Header(held) {
      case .unfinished: return false
      case .none: channel = .answer
      case .complete(let recipient, let rest):
        channel = recipient == "self" ? .reasoning : .answer
        held = String(rest)
        skipsBlanks = true
      }
      return true
    }
    if let end = Self.ends.compactMap({ held.firstRange(of: $0) }).min(by: { $0.lowerBound < $1.lowerBound })
    {
      emit(String(held[..<end.lowerBound]), &result)
      held = String(held[end.upperBound...])
      channel = nil
      return true
    }
    let kept =
      Self.ends.map { end in
        (1..<end.count).last { held.hasSuffix(end.prefix($0)) } ?? 0
      }.max() ?? 0
    emit(String(held.dropLast(kept)), &result)
    held = String(held.suffix(kept))
    return false
  }

  private mutating func emit(_ text: String, _ result: inout [(channel: Channel, text: String)]) {
    guard let channel else { return }
    var text = text[...]
    if skipsBlanks { text = text.drop(while: \.isWhitespace) }
    guard !text.isEmpty else { return }
    let isNext = skipsBlanks && filled.contains(channel)
    skipsBlanks = false
    filled.insert(channel)
    result.append((channel, (isNext ? "\n\n" : "") + text))
  }
}

/// The header of a message: `<|start|>assistant to=RECIPIENT<|message|>`, of which all but the end may be missing.
private enum Header {
  case none, unfinished
  case complete(recipient: String?, rest: Substring)

  init(_ text: String) {
    var rest = text[...]
    for part in ["<|start|>", "assistant"] {
      rest = rest.drop(while: \.isWhitespace)
      if rest.hasPrefix(part) {
        rest = rest.dropFirst(part.count)
      } else if part.hasPrefix(rest) {
        self = .unfinished
        return
      }
    }
    rest = rest.drop(while: \.isWhitespace)
    var recipient: String?
    if rest.hasPrefix("to=") {
      let name = rest.dropFirst(3).prefix { !$0.isWhitespace && $0 != "<" }
      recipient = String(name)
      rest = rest[name.endIndex...]
    } else if "to=".hasPrefix(rest) {
      self = .unfinished
      return
    }
    let end = "<|message|>"
    if rest.hasPrefix(end) {
      self = .complete(recipient: recipient, rest: rest.dropFirst(end.count))
    } else {
      self = end.hasPrefix(rest) ? .unfinished : .none
    }
  }
}
