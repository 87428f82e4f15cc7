import Tokenization

/// A prompt.
public struct Prompt: Sendable, Equatable {
  /// Token ids, or text that the generator encodes using the token ids that its cache holds.
  public enum Content: Sendable, Equatable {
    case tokens([Int32])
    /// A rendered chat template. Special tokens are recognised unless quoted; none are added.
    case rendered(RenderedText)
    /// Special tokens, and text in which special tokens are not recognised.
    case segments([PromptSegment])
  }

  /// The content.
  public var content: Content
  /// Where messages start, in ascending order: token counts, or UTF-8 offsets into the text (special tokens
  /// included). Snapshots of caches that can't be truncated are taken there.
  public var boundaries: [Int]

  /// A prompt and its message boundaries.
  public init(_ content: Content, boundaries: [Int] = []) {
    self.content = content
    self.boundaries = boundaries
  }

  /// Token ids.
  public static func tokens(_ tokens: [Int32]) -> Prompt { Prompt(.tokens(tokens)) }
  /// A rendered chat template.
  public static func rendered(_ text: String) -> Prompt { Prompt(.rendered(RenderedText(text))) }

  /// The text without special tokens.
  public var text: String {
    switch content {
    case .tokens: ""
    case .rendered(let rendered): rendered.text
    case .segments(let segments):
      segments.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
    }
  }

  /// The length in UTF-8 bytes, special tokens included.
  public func byteCount(_ tokenizer: Tokenizer) -> Int {
    switch content {
    case .tokens(let tokens): tokens.reduce(0) { $0 + tokenizer.bytes(of: $1).count }
    case .rendered(let rendered): rendered.text.utf8.count
    case .segments(let segments):
      segments.reduce(0) { count, segment in
        switch segment {
        case .text(let text): count + text.utf8.count
        case .token(let id): count + tokenizer.bytes(of: id).count
        }
      }
    }
  }

  /// The longest common prefix of two prompts.
  public func commonBeginning(with other: Prompt) -> Prompt {
    switch (content, other.content) {
    case (.tokens(let one), .tokens(let two)):
      return .tokens(zip(one, two).prefix { $0 == $1 }.map { $0.0 })
    case (.rendered(let one), .rendered(let two)):
      return Prompt(.rendered(one.commonBeginning(with: two)))
    case (.segments(let one), .segments(let two)):
      let equal = zip(one, two).prefix { $0 == $1 }.map { $0.0 }
      guard equal.count < min(one.count, two.count), case .text(let a) = one[equal.count],
        case .text(let b) = two[equal.count]
      else { return Prompt(.segments(equal)) }
      let text = a.commonBeginning(with: b)
      return Prompt(.segments(text.isEmpty ? equal : equal + [.text(text)]))
    default: return .tokens([])
    }
  }
}

/// A segment of a prompt.
public enum PromptSegment: Sendable, Equatable {
  /// Text in which special tokens are not recognised.
  case text(String)
  /// A special token.
  case token(Int32)
}

extension RenderedText {
  /// The longest common prefix; a special token differs from a quoted one.
  fileprivate func commonBeginning(with other: RenderedText) -> RenderedText {
    let unlike = Set(quoted).symmetricDifference(other.quoted).min() ?? .max
    let common = text.commonBeginning(with: other.text, limit: unlike)
    return RenderedText(common, quoted: quoted.filter { $0 < common.utf8.count })
  }
}

extension String {
  /// The longest common prefix in whole Unicode scalars.
  fileprivate func commonBeginning(with other: String, limit: Int = .max) -> String {
    // No copies: the texts are whole conversations.
    var (one, two) = (self, other)
    return one.withUTF8 { one in
      var count = two.withUTF8 { two in
        let end = Swift.min(one.count, two.count, limit)
        return (0..<end).first { one[$0] != two[$0] } ?? end
      }
      while count > 0, count < one.count, one[count] & 0xc0 == 0x80 { count -= 1 }
      return String(decoding: one[..<count], as: UTF8.self)
    }
  }
}
