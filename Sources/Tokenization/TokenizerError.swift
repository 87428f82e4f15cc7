/// Why a tokenizer cannot be used: which file, what is wrong with it, and what to do about it.
public struct TokenizerError: Error, Equatable, CustomStringConvertible {
  /// The file or folder; empty while it is not known.
  public private(set) var file: String
  /// What is wrong, and where in the file.
  public let problem: String
  /// What the reader can do about it, if anything.
  public let advice: String?

  init(file: String = "", _ problem: String, advice: String? = nil) {
    self.file = file
    self.problem = problem
    self.advice = advice
  }

  /// The same error with the file that it is about, where that was not known yet.
  func about(_ file: String) -> TokenizerError {
    var error = self
    if error.file.isEmpty { error.file = file }
    return error
  }

  /// One line.
  public var description: String {
    (file.isEmpty ? "" : "\(file): ") + problem + (advice.map { "; \($0)" } ?? "")
  }
}
