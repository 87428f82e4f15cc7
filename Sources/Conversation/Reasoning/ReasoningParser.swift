/// Separates reasoning and answer in the output of models that reason between tags, such as `<think>`.
///
/// An opening tag is recognised only before the answer, or as the model's own special token: an answer may mention it.
/// Text is emitted as soon as it cannot be part of a tag, so at most the length of a tag is buffered. Blank lines around
/// the tags are dropped. Linear in the output.
public struct ReasoningParser: Sendable {
  /// The tags around the reasoning.
  public struct Tags: Sendable, Equatable {
    /// The opening tag.
    public let open: String
    /// The closing tag.
    public let close: String

    /// A pair of tags; neither may be empty.
    public init(open: String, close: String) {
      self.open = open
      self.close = close
    }

    /// The known tags, the most common first.
    public static let known = [
      Tags(open: "<think>", close: "</think>"), Tags(open: "[THINK]", close: "[/THINK]"),
      Tags(open: "<seed:think>", close: "</seed:think>"), Tags(open: "<thinking>", close: "</thinking>"),
      Tags(open: "<|START_THINKING|>", close: "<|END_THINKING|>"),
      Tags(open: "<|inner_prefix|>", close: "<|inner_suffix|>"), Tags(open: "<thought>", close: "</thought>"),
    ]

    /// The tags that a chat template contains; nil for none.
    public static func used(in template: String) -> Tags? {
      known.first { template.contains($0.close) || template.contains($0.open) }
    }

    /// Whether a prompt ends with the opening tag, so that the output starts with reasoning.
    public func isOpen(atEndOf prompt: String) -> Bool {
      let tail = prompt.utf8.reversed().drop { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: " ") }
      return tail.starts(with: open.utf8.reversed())
    }
  }

  private let tags: Tags
  private var isInside: Bool
  /// The buffered text: a possible prefix of a tag, or blanks that may precede a tag.
  private var held = ""
  /// Whether blanks are dropped until the next text.
  private var skipsBlanks: Bool
  /// Whether the answer has started.
  private var hasAnswer = false

  /// - Parameters:
  ///   - tags: the model's tags.
  ///   - startsInside: whether the prompt ends inside the reasoning.
  public init(tags: Tags, startsInside: Bool = false) {
    self.tags = tags
    isInside = startsInside
    skipsBlanks = startsInside
  }

  /// Processes more output; returns the text that is complete.
  /// - Parameter endsWithOpeningToken: whether the text ends with the model's own special token for the opening tag.
  public mutating func process(
    _ text: String, endsWithOpeningToken: Bool = false
  ) -> [(channel: Channel, text: String)] {
    held += text
    var result: [(channel: Channel, text: String)] = []
    if endsWithOpeningToken, !isInside, held.hasSuffix(tags.open) {
      emit(String(held.dropLast(tags.open.count)), beforeTag: true, &result)
      enter("")
      return result
    }
    while let tag = firstTag() {
      emit(String(held[..<tag.lowerBound]), beforeTag: true, &result)
      enter(String(held[tag.upperBound...]))
    }
    let kept = undecided()
    let settled = String(held.dropLast(kept))
    held = String(held.suffix(kept))
    emit(settled, beforeTag: false, &result)
    return result
  }

  // Passes a tag.
  private mutating func enter(_ rest: String) {
    held = rest
    isInside.toggle()
    skipsBlanks = true
  }

  /// Ends the output; returns the buffered text.
  public mutating func finish() -> [(channel: Channel, text: String)] {
    var result: [(channel: Channel, text: String)] = []
    emit(held, beforeTag: isInside, &result)
    held = ""
    return result
  }

  /// The next tag that is valid in the current state. An opening tag is one only before the answer: inside of an
  /// answer it is a mention of the tag.
  private func firstTag() -> Range<String.Index>? {
    if isInside { return held.firstRange(of: tags.close) }
    guard !hasAnswer, let tag = held.firstRange(of: tags.open),
      held[..<tag.lowerBound].allSatisfy(\.isWhitespace)
    else { return nil }
    return tag
  }

  /// The number of characters at the end that may be part of a tag, or blanks before one.
  private func undecided() -> Int {
    if !isInside, hasAnswer { return 0 }
    let tag = Array(isInside ? tags.close : tags.open)
    let tail = Array(held.suffix(tag.count - 1))
    var kept = 0
    for length in stride(from: tail.count, to: 0, by: -1)
    where tail.suffix(length).elementsEqual(tag.prefix(length)) {
      kept = length
      break
    }
    let rest = held.dropLast(kept)
    if !isInside, !rest.allSatisfy(\.isWhitespace) { return 0 }
    return kept + rest.reversed().prefix { $0.isNewline || $0 == " " }.count
  }

  private mutating func emit(
    _ text: String, beforeTag: Bool, _ result: inout [(channel: Channel, text: String)]
  ) {
    var text = text[...]
    if skipsBlanks { text = text.drop(while: \.isWhitespace) }
    if beforeTag { while text.last?.isWhitespace == true { text.removeLast() } }
    guard !text.isEmpty else { return }
    skipsBlanks = false
    if !isInside, !text.allSatisfy(\.isWhitespace) { hasAnswer = true }
    result.append((isInside ? .reasoning : .answer, String(text)))
  }
}
