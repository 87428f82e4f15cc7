#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The reason why a file cannot be used: the file, the place in it, the problem and advice.
public struct FileError: Error, Equatable, CustomStringConvertible {
  /// The kind of failure; it determines the default advice.
  public enum Kind: Sendable, Hashable, CaseIterable {
    /// The file, folder or model does not exist.
    case notFound
    /// The operating system refused to read or write it.
    case unreadable
    /// The content contradicts itself or the format.
    case damaged
    /// The file ends before its content does.
    case truncated
    /// Well formed, but in a format that Sotto does not support.
    case unsupported
    /// A part of a model is missing: a shard, a tensor, a file.
    case incomplete
    /// The name matches several models.
    case ambiguous
  }

  /// The kind of failure.
  public let kind: Kind
  /// The path of the file or folder, or the requested name.
  public let file: String
  /// The place in the file: a tensor, a key, an offset. Empty if the error concerns the whole file.
  public let place: String
  /// The problem.
  public let problem: String
  /// What the user can do about it; may be empty.
  public let advice: String

  /// An error with `advice`, or with the default advice of its kind.
  public init(_ kind: Kind, file: String, place: String = "", _ problem: String, advice: String? = nil) {
    self.kind = kind
    self.file = file
    self.place = place
    self.problem = problem
    self.advice = advice ?? kind.advice
  }

  /// One line without control characters: "FILE: PLACE: PROBLEM; ADVICE".
  public var description: String {
    let location = [file, place].filter { !$0.isEmpty }.map { printable($0, limit: 1000) }
    return (location + [printable(problem, limit: 2000)]).joined(separator: ": ")
      + (advice.isEmpty ? "" : "; " + advice)
  }
}

extension FileError.Kind {
  /// The default advice.
  var advice: String {
    switch self {
    case .notFound: "check the path, or list models with 'sotto models'"
    case .unreadable: "check the file's permissions"
    case .damaged: "download or convert the file again"
    case .truncated: "the download is incomplete: fetch the file again"
    case .unsupported: "use another conversion of the model"
    case .incomplete: "fetch the missing part"
    case .ambiguous: "give more of the name, or a path"
    }
  }
}

extension FileError {
  /// The error for a failed system call that opens or reads `path`.
  package static func system(_ code: Int32, _ path: String) -> FileError {
    FileError(kind(code), file: path, reason(code))
  }

  /// The error for a failed system call that creates or writes `path`.
  package static func writing(_ code: Int32, _ path: String) -> FileError {
    FileError(kind(code), file: path, reason(code), advice: adviceForWriting(code))
  }

  /// The system's message for an error number, with a lowercase first letter.
  package static func reason(_ code: Int32) -> String {
    let reason = String(cString: strerror(code))
    return reason.prefix(1).lowercased() + reason.dropFirst()
  }

  /// The advice for a failed write.
  package static func adviceForWriting(_ code: Int32) -> String {
    switch code {
    case ENOSPC, EDQUOT: "free some space there"
    case EACCES, EPERM: "give yourself the right to write there"
    case EROFS: "make it writable"
    case EIO: "check that disk"
    default: ""
    }
  }

  private static func kind(_ code: Int32) -> Kind {
    code == ENOENT || code == ENOTDIR ? .notFound : .unreadable
  }
}
