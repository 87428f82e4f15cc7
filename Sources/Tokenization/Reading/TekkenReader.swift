import Basics

/// Reads Mistral's `tekken.json`: byte-level tokens with their ranks, and the special tokens before them
/// (https://docs.mistral.ai/guides/tokenization).
enum TekkenReader {
  /// The special tokens of files that do not list them, by id.
  private static let special = [
    "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]",
    "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
  ]

  /// The vocabulary of a file.
  static func read(_ root: JSON) throws(TokenizerError) -> VocabularyDraft {
    do { return try draft(root) } catch let error as TokenizerError { throw error } catch {
      throw TokenizerError("\(error)", advice: "download the file again")
    }
  }

  private static func draft(_ root: JSON) throws -> VocabularyDraft {
    let config = try root.required("config")
    let specialCount = try config.integer("default_num_special_tokens")
    let count = try config.integer("default_vocab_size")
    guard specialCount >= 0, count > specialCount, count < VocabularyLayout.maximumTokens else {
      throw TokenizerError("config: \(count) tokens, \(specialCount) of them special, is impossible")
    }
    var draft = VocabularyDraft()
    var names = (0..<specialCount).map { $0 < special.count ? special[$0] : "<SPECIAL_\($0)>" }
    var controls = [Bool](repeating: true, count: specialCount)
    for token in try root.optionalArray("special_tokens") ?? [] {
      let rank = try token.integer("rank")
      guard names.indices.contains(rank) else {
        throw TokenizerError("special_tokens: rank \(rank) is out of range")
      }
      names[rank] = try token.string("token_str")
      controls[rank] = try token.optionalBool("is_control") ?? true
    }
    for (name, isControl) in zip(names, controls) {
      draft.add(Array(name.utf8), isControl ? [.special, .added] : .added)
    }
    var bytes: [UInt8] = []
    for (rank, token) in try root.array("vocab").enumerated() where rank < count - specialCount {
      guard try token.integer("rank") == rank else { throw TokenizerError("vocab: rank \(rank) is missing") }
      var digits = try token.string("token_bytes")
      guard digits.withUTF8({ TiktokenReader.decodeBase64($0, into: &bytes) }) else {
        throw TokenizerError("vocab: token \(rank) is not in base64")
      }
      draft.add(bytes, .mergeable)
    }
    let pattern = try config.string("pattern")
    draft.merges = .byNumber
    draft.ignoresMerges = true
    if let known = WordPattern.of(pattern) {
      draft.rules.preTokenization = [.words(known)]
    } else if let expression = SplitExpression(pattern) {
      draft.rules.preTokenization = [.expression(expression)]
    } else {
      throw TokenizerError("config: the pattern \(pattern) is not supported")
    }
    func id(_ name: String) -> UInt32? { names.firstIndex(of: name).map { UInt32($0) } }
    draft.rules.bos = id("<s>")
    draft.rules.eos = id("</s>")
    draft.rules.unknown = id("<unk>")
    draft.rules.padding = id("<pad>")
    draft.rules.prefix = draft.rules.bos.map { [$0] } ?? []
    draft.rules.endOfGeneration = EndOfGeneration.tokens(draft, given: [draft.rules.eos].compactMap { $0 })
    return draft
  }
}
