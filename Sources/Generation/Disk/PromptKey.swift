import Basics

/// What a prompt is stored for.
public enum PromptKey: Sendable, Hashable {
  /// A conversation, by its id.
  case session(String)
  /// The beginning that many prompts share (system message, tools, a long document), by its tokens.
  case head(PromptHead)

  /// The key of a head of these tokens.
  public static func head(of tokens: some Collection<Int32>) -> PromptKey { .head(PromptHead(tokens)) }

  /// What stands in the file, to tell keys apart whose file names are the same.
  var text: String {
    switch self {
    case .session(let id): "session \(id)"
    case .head(let head): "head \(head.text)"
    }
  }

  /// The part of the file's name that is the key's.
  var fileName: String {
    switch self {
    case .session(let id): "session." + Self.plain(id)
    case .head(let head): "head." + head.text
    }
  }

  /// An id that can be part of a file's name as it is, or a checksum in its place.
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

/// The tokens of a head, as far as its name says: how many there are, and their checksum. So a prompt is found to
/// begin with a stored head without any file being read.
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

  /// What `text` says; nil for anything else.
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

  /// Whether a prompt begins with it.
  public func begins(_ prompt: [Int32]) -> Bool {
    count <= prompt.count && PromptHead(prompt[..<count]) == self
  }
}
