/// Tells thoughts from answer in the output of models that think between tags, such as `<think>`.
///
/// Text goes out as soon as it cannot be part of a tag any more, so at most a tag's length is held back. The
/// blank lines around the tags belong to neither. Linear in the output.
public struct ReasoningParser: Sendable {
  /// The tags around thoughts.
  public struct Tags: Sendable, Equatable {
    /// Begins the thoughts.
    public let open: String
    /// Ends them.
    public let close: String

    /// A pair of tags; neither may be empty.
    public init(open: String, close: String) {
      self.open = open
      self.close = close
    }

    /// The tags in use, the most common first.
    public static let known = [
      Tags(open: "<think>", close: "</think>"), Tags(open: "[THINK]", close: "[/THINK]"),
      Tags(open: "<seed:think>", close: "</seed:think>"), Tags(open: "<thinking>", close: "</thinking>"),
      Tags(open: "<|START_THINKING|>", close: "<|END_THINKING|>"),
      Tags(open: "<|inner_prefix|>", close: "<|inner_suffix|>"), Tags(open: "<thought>", close: "</thought>"),
    ]

    /// The tags that a chat template mentions; nil where it mentions none.
    public static func used(in template: String) -> Tags? {
      known.first { template.contains($0.close) || template.contains($0.open) }
    }

    /// Whether a prompt ends with the opening tag, so that the output begins with thoughts.
    public func isOpen(atEndOf prompt: String) -> Bool {
      let tail = prompt.utf8.reversed().drop { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: " ") }
      return tail.starts(with: open.utf8.reversed())
    }
  }

  private let tags: Tags
  private var isInside: Bool
  /// What may still be the beginning of a tag, or blanks of which it is not known to whom they belong.
  private var held = ""
  /// Whether blanks are dropped until something else comes.
  private var skipsBlanks: Bool

  /// - Parameters:
  ///   - tags: the model's tags.
  ///   - startsInside: whether the prompt already opened the thoughts.
  public init(tags: Tags, startsInside: Bool = false) {
    self.tags = tags
    isInside = startsInside
    skipsBlanks = startsInside
  }

  /// Takes more output; gives what is settled of it.
  public mutating func process(_ text: String) -> [(channel: Channel, text: String)] {
    held += text
    var result: [(channel: Channel, text: String)] = []
    while let tag = firstTag() {
      emit(String(held[..<tag.lowerBound]), beforeTag: true, &result)
      held = String(held[tag.upperBound...])
      isInside.toggle()
      skipsBlanks = true
    }
    let kept = undecided()
    let settled = String(held.dropLast(kept))
    held = String(held.suffix(kept))
    emit(settled, beforeTag: false, &result)
    return result
  }

  /// Takes the end of the output.
  public mutating func finish() -> [(channel: Channel, text: String)] {
    var result: [(channel: Channel, text: String)] = []
    emit(held, beforeTag: isInside, &result)
    held = ""
    return result
  }

  /// The next tag that means something here.
  private func firstTag() -> Range<String.Index>? {
    held.firstRange(of: isInside ? tags.close : tags.open)
  }

  /// How many characters at the end may still become part of a tag, or be blanks before one.
  private func undecided() -> Int {
    let tag = Array(isInside ? tags.close : tags.open)
    let tail = Array(held.suffix(tag.count - 1))
    var kept = 0
    for length in stride(from: tail.count, to: 0, by: -1)
    where tail.suffix(length).elementsEqual(tag.prefix(length)) {
      kept = length
      break
    }
    let blanks = held.dropLast(kept).reversed().prefix { $0.isNewline || $0 == " " }.count
    return kept + blanks
  }

  private mutating func emit(
    _ text: String, beforeTag: Bool, _ result: inout [(channel: Channel, text: String)]
  ) {
    var text = text[...]
    if skipsBlanks { text = text.drop(while: \.isWhitespace) }
    if beforeTag { while text.last?.isWhitespace == true { text.removeLast() } }
    guard !text.isEmpty else { return }
    skipsBlanks = false
    result.append((isInside ? .reasoning : .answer, String(text)))
  }
}
