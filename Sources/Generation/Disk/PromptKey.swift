import Basics

/// What a prompt is stored for.
public enum PromptKey: Sendable, Hashable {
  /// A session, by its id.
  case session(String)
  /// A prefix that many prompts share (system message, tools, a long document), by its tokens.
  case head(PromptHead)

  /// The key of a head of these tokens.
  public static func head(of tokens: some Collection<Int32>) -> PromptKey { .head(PromptHead(tokens)) }

  /// The key as stored in the file, which distinguishes keys with the same file name.
  var text: String {
    switch self {
    case .session(let id): "session \(id)"
    case .head(let head): "head \(head.text)"
    }
  }

  /// The key's part of the file name.
  var fileName: String {
    switch self {
    case .session(let id): "session." + Self.plain(id)
    case .head(let head): "head." + head.text
    }
  }

  /// An id that is valid in a file name, or else its checksum.
  private static func plain(_ id: String) -> String {
    let isPlain = id.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    return isPlain && (1...64).contains(id.utf8.count) ? id : "~" + XXHash64.hash(id).hexadecimal
  }
}

/// The number of a head's tokens and their checksum, which its file name contains. A stored head that is a prefix of
/// a prompt is found without reading a file.
public struct PromptHead: Sendable, Hashable {
  /// The number of tokens.
  public let count: Int
  /// The checksum of the tokens.
  public let checksum: UInt64

  /// The head of these tokens.
  public init(_ tokens: some Collection<Int32>) {
    count = tokens.count
    checksum = XXHash64.hash(Array(tokens))
  }

  /// Parses `text`; nil if it is malformed.
  init?(_ text: Substring) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[0]), count >= 0, parts[1].utf8.count == 16,
      let checksum = UInt64(parts[1], radix: 16)
    else { return nil }
    self.count = count
    self.checksum = checksum
    guard self.text == text else { return nil }
  }

  var text: String { "\(count)-\(checksum.hexadecimal)" }

  /// Whether it is a prefix of a prompt.
  public func begins(_ prompt: [Int32]) -> Bool {
    count <= prompt.count && PromptHead(prompt[..<count]) == self
  }
}
