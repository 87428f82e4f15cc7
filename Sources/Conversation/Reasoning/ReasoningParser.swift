/// Separates reasoning and answer in the output of models that reason between tags, such as `<think>`.
///
/// An opening tag is recognised only before the answer, or as the model's own special token: an answer may mention it. A
/// closing tag before any text is dropped: some models write it in place of empty reasoning. Where the answer has tags
/// too, they are dropped. Text is emitted as soon as it cannot be part of a tag, so at most the length of a tag is
/// buffered. Blank lines around the tags are dropped. Linear in the output.
public struct ReasoningParser: Sendable {
  private let tags: Tags
  private var isInside: Bool
  /// The buffered text: a possible prefix of a tag, or blanks that may precede a tag.
  private var held = ""
  /// Whether blanks are dropped until the next text.
  private var skipsBlanks: Bool
  /// Whether the answer has started.
  private var hasAnswer = false
  /// Whether the opening tag of the answer was passed, so that its closing tag ends it.
  private var isWrapped = false

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
    while let (tag, kind) = firstTag() {
      emit(String(held[..<tag.lowerBound]), beforeTag: true, &result)
      let rest = String(held[tag.upperBound...])
      switch kind {
      case .reasoning: enter(rest)
      case .stray:
        held = rest
        skipsBlanks = true
      case .answer:
        held = rest
        skipsBlanks = true
        isWrapped.toggle()
      }
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

  /// What a tag starts or ends.
  private enum Kind { case reasoning, stray, answer }

  /// The tags that are valid in the current state. Opening tags are valid only before the answer: inside of an answer
  /// they are mentions.
  private var validTags: [(text: String, kind: Kind)] {
    if isInside { return [(tags.close, .reasoning)] }
    if hasAnswer { return isWrapped ? tags.answer.map { [($0.close, .answer)] } ?? [] : [] }
    return [(tags.open, .reasoning), (tags.close, .stray)]
      + (tags.answer.map { [(isWrapped ? $0.close : $0.open, .answer)] } ?? [])
  }

  /// The next tag that is valid in the current state.
  private func firstTag() -> (Range<String.Index>, Kind)? {
    let found = validTags.compactMap { tag -> (Range<String.Index>, Kind)? in
      guard let range = held.firstRange(of: tag.text) else { return nil }
      let mayFollowText = isInside || hasAnswer || (isWrapped && tag.kind == .answer)
      return mayFollowText || held[..<range.lowerBound].allSatisfy(\.isWhitespace) ? (range, tag.kind) : nil
    }
    return found.min { $0.0.lowerBound < $1.0.lowerBound }
  }

  /// The number of characters at the end that may be part of a tag, or blanks before one.
  private func undecided() -> Int {
    if !isInside, hasAnswer, !isWrapped { return 0 }
    var kept = 0
    for tag in validTags.map({ Array($0.text) }) {
      let tail = Array(held.suffix(tag.count - 1))
      let length = stride(from: tail.count, to: 0, by: -1).first {
        tail.suffix($0).elementsEqual(tag.prefix($0))
      }
      kept = max(kept, length ?? 0)
    }
    let rest = held.dropLast(kept)
    if !isInside, !isWrapped, !rest.allSatisfy(\.isWhitespace) { return 0 }
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
