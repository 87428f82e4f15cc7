import Foundation

extension Tokenizer {
  /// The tokenizer of a draft, compiled now.
  convenience init(_ draft: VocabularyDraft, key: ContentKey = ContentKey()) throws(TokenizerError) {
    guard let vocabulary = Vocabulary(try VocabularyCompiler.compile(draft, key: key)) else {
      throw TokenizerError("the compiled vocabulary contradicts itself", advice: "report this to Sotto")
    }
    self.init(vocabulary)
  }

  public convenience init(tiktoken path: String) throws(TokenizerError) {
    guard let data = FileManager.default.contents(atPath: path) else { throw TokenizerError("no") }
    let a = [UInt8](data)
    let draft: VocabularyDraft
    do { draft = try a.withUnsafeBytes { try TiktokenReader.read($0, .o200kHarmony) } } catch { throw error as! TokenizerError }
    try self.init(draft)
  }
}
