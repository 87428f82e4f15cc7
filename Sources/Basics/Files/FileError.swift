#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Why a file of a model cannot be used: which file, where in it, what is wrong and what to do.
public struct FileError: Error, Equatable, CustomStringConvertible {
  /// The sort of failure; it decides the advice.
  public enum Kind: Sendable, Hashable, CaseIterable {
    /// There is no such file, folder or model.
    case notFound
    /// The system would not let it be read or written.
    case unreadable
    /// The content contradicts itself or the format.
    case damaged
    /// The file ends before its content does.
    case truncated
    /// Well formed, but of a kind that Sotto does not read.
    case unsupported
    /// Part of a model is not there: a shard, a tensor, a file.
    case incomplete
    /// Several models answer to what was asked for.
    case ambiguous
  }

  /// What kind of failure this is.
  public let kind: Kind
  /// The path of the file or folder, or what was looked for.
  public let file: String
  /// Where in the file: a tensor, a key, an offset. Empty where it concerns the whole file.
  public let place: String
  /// What is wrong.
  public let problem: String
  /// What the person can do about it.
  public let advice: String

  /// An error with the kind's usual advice, or with `advice`.
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
  /// What usually helps.
  var advice: String {
    switch self {
    case .notFound: "check the path, or list models with `sotto models`"
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

  /// The error for a failed system call that makes or writes `path`.
  package static func writing(_ code: Int32, _ path: String) -> FileError {
    FileError(kind(code), file: path, reason(code), advice: adviceForWriting(code))
  }

  /// The system's words for an error number, to be part of a sentence.
  package static func reason(_ code: Int32) -> String {
    let reason = String(cString: strerror(code))
    return reason.prefix(1).lowercased() + reason.dropFirst()
  }

  /// What helps where something cannot be written.
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
