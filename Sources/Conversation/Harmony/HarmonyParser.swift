/// A streaming parser for model output in the harmony format.
///
/// From markers and text it separates reasoning, answer and tool calls. It never fails: it recovers from missing or
/// misplaced markers, and no marker becomes part of a text. The cost is linear in the output; a header is buffered until
/// it is complete, at most 200 bytes.
public struct HarmonyParser: Sendable {
  private enum State: Sendable {
    /// Between two messages.
    case between
    /// Inside a header, with its text so far, including markers.
    case header(String, roleIsKnown: Bool)
    case content(HarmonyStream, contentType: String?)
    case finished
  }

  private static let longestHeader = 200

  private var state: State
  /// The arguments of the current call.
  private var arguments = ""
  /// Whether a final answer is complete.
  private var isAnswered = false

  /// - Parameter startsInHeader: whether the prompt ended with `<|start|>assistant`, as for completion.
  public init(startsInHeader: Bool = true) {
    state = startsInHeader ? .header("", roleIsKnown: true) : .between
  }

  /// A parser for output that continues inside a message, as after `HarmonyRenderer.answerNow`.
  public init(inside stream: HarmonyStream) { state = .content(stream, contentType: nil) }

  /// The current stream; nil between messages and within headers.
  public var stream: HarmonyStream? {
    if case .content(let stream, _) = state { stream } else { nil }
  }

  /// Processes the next segment: a marker, or any amount of text.
  public mutating func process(_ segment: HarmonySegment) -> [HarmonyEvent] {
    var events: [HarmonyEvent] = []
    switch segment {
    case .text(let text): if !text.isEmpty { read(text, &events) }
    case .marker(let marker): read(marker, &events)
    }
    return events
  }

  /// Ends the output.
  public mutating func finish() -> [HarmonyEvent] {
    var events: [HarmonyEvent] = []
    if case .finished = state { return events }
    recoverHeader(&events)
    let isComplete = isAnswered && stream == nil
    if close(&events) { end(isComplete ? .complete : .cut, &events) }
    return events
  }

  // MARK: text

  private mutating func read(_ text: String, _ events: inout [HarmonyEvent]) {
    switch state {
    case .finished: break
    case .between: if !text.allSatisfy(\.isWhitespace) { readHeader(text, "", roleIsKnown: false, &events) }
    case .header(let header, let roleIsKnown): readHeader(text, header, roleIsKnown: roleIsKnown, &events)
    case .content(let stream, _): add(text, to: stream, &events)
    }
  }

  private mutating func readHeader(
    _ text: String, _ before: String, roleIsKnown: Bool, _ events: inout [HarmonyEvent]
  ) {
    let header = before + text
    state = .header(header, roleIsKnown: roleIsKnown)
    if Self.isNoHeader(header, roleIsKnown: roleIsKnown) { recoverHeader(&events) }
  }

  /// Whether the text cannot be a header, because the model omitted its marker.
  private static func isNoHeader(_ header: String, roleIsKnown: Bool) -> Bool {
    if header.utf8.count > longestHeader || header.utf8.contains(UInt8(ascii: "\n")) { return true }
    let words = header.split(separator: " ")
    return words.count > (roleIsKnown ? 1 : 2) && !header.contains("<|")
      && !words.contains { $0.hasPrefix("to=") }
  }

  private mutating func add(_ text: String, to stream: HarmonyStream, _ events: inout [HarmonyEvent]) {
    if case .call = stream { arguments += text }
    events.append(.text(text, stream))
  }

  // MARK: markers

  private mutating func read(_ marker: HarmonyMarker, _ events: inout [HarmonyEvent]) {
    if case .finished = state { return }
    switch marker {
    case .start: if close(&events) { state = .header("", roleIsKnown: false) }
    case .channel:
      // Inside of a content, this starts another message whose start marker is missing.
      if case .header(let header, let roleIsKnown) = state, !header.contains(marker.rawValue) {
        state = .header(header + marker.rawValue, roleIsKnown: roleIsKnown)
      } else if close(&events) {
        state = .header(marker.rawValue, roleIsKnown: true)
      }
    case .constrain:
      if case .header(let header, let roleIsKnown) = state {
        state = .header(header + " " + marker.rawValue, roleIsKnown: roleIsKnown)
      }
    case .message:
      switch state {
      case .header(let header, let roleIsKnown):
        begin(HarmonyHeader(header, roleIsKnown: roleIsKnown, isComplete: true), &events)
      case .between: begin(HarmonyHeader("", roleIsKnown: true, isComplete: true), &events)
      case .content, .finished: break
      }
    case .end: _ = close(&events)
    case .return, .endOfText, .call: if close(&events) { end(marker == .call ? .call : .complete, &events) }
    case .startOfText, .reserved: break
    }
  }

  // MARK: messages

  private mutating func begin(_ header: HarmonyHeader, _ events: inout [HarmonyEvent]) {
    if let role = header.role, role != "assistant" {
      end(.strayRole, &events)
      return
    }
    let stream = Self.stream(of: header)
    state = .content(stream, contentType: header.contentType)
    arguments = ""
    events.append(.began(stream))
  }

  private static func stream(of header: HarmonyHeader) -> HarmonyStream {
    if let recipient = header.recipient, !["all", "user", "assistant", ""].contains(recipient) {
      return .call(recipient)
    }
    return switch header.channel {
    case "analysis": .reasoning
    case "commentary": .preamble
    default: .answer
    }
  }

  /// Recovers from a header without `<|message|>`.
  private mutating func recoverHeader(_ events: inout [HarmonyEvent]) {
    guard case .header(let text, let roleIsKnown) = state else { return }
    state = .between
    guard !text.allSatisfy(\.isWhitespace) else { return }
    var header = HarmonyHeader(text, roleIsKnown: roleIsKnown, isComplete: false)
    let content = header.rest.replacing(HarmonyMarker.constrain.rawValue, with: "")
    header.rest = ""
    // A role or a channel alone is no message.
    guard !content.isEmpty, content != header.role else { return }
    begin(header, &events)
    if let stream { add(content, to: stream, &events) }
  }

  /// Ends the open header and message; false when the turn has ended.
  private mutating func close(_ events: inout [HarmonyEvent]) -> Bool {
    recoverHeader(&events)
    endMessage(&events)
    if case .finished = state { return false }
    return true
  }

  private mutating func endMessage(_ events: inout [HarmonyEvent]) {
    guard case .content(let stream, let contentType) = state else { return }
    state = .between
    if case .call(let recipient) = stream {
      events.append(
        .call(HarmonyCall(recipient: recipient, arguments: arguments, contentType: contentType)))
      arguments = ""
    }
    isAnswered = stream == .answer
  }

  private mutating func end(_ ending: HarmonyEnding, _ events: inout [HarmonyEvent]) {
    state = .finished
    events.append(.ended(ending))
  }
}
