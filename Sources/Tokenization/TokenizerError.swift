import Basics

/// Why a tokenizer cannot be loaded: the file, the problem, and what to do about it.
public struct TokenizerError: Error, Equatable, CustomStringConvertible {
  /// The file or folder; empty while unknown.
  public private(set) var file: String
  /// The problem, and where in the file it is.
  public let problem: String
  /// What the user can do about it, if anything.
  public let advice: String?

  init(file: String = "", _ problem: String, advice: String? = nil) {
    self.file = file
    self.problem = problem
    self.advice = advice
  }

  /// This error with the file it is about, unless that is known already.
  func about(_ file: String) -> TokenizerError {
    var error = self
    if error.file.isEmpty { error.file = file }
    return error
  }

  /// The error as one line. Control characters of the tokenizer are escaped.
  public var description: String {
    printable((file.isEmpty ? "" : "\(file): ") + problem + (advice.map { "; \($0)" } ?? ""), limit: 2000)
  }
}
