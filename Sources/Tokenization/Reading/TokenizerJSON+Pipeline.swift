import Basics
import Foundation

// Normalizer, pre-tokenizer and decoder. Anything that is not implemented exactly is an error; nothing is
// skipped.
extension TokenizerJSON {
  private static func unsupported(_ part: String, _ step: JSON, _ detail: String = "") -> TokenizerError {
    let kind = step["type"]?.asString ?? "without a type"
    return TokenizerError(
      "\(part): the step \"\(kind)\"\(detail.isEmpty ? "" : " with \(detail)") is not supported",
      advice: "use another conversion of the model")
  }

  private mutating func readNormalizer(_ step: JSON?) throws {
    guard let step, !step.isNull else { return }
    switch step["type"]?.asString {
    case "Sequence":
      for inner in try step.array("normalizers") { try readNormalizer(inner) }
    case "NFC": draft.rules.normalization.append(.nfc)
    case "Prepend":
      guard try step.string("prepend") == "▁" else { throw Self.unsupported("normalizer", step) }
      draft.rules.normalization.append(.prependMetaspace)
    case "Precompiled":
      guard let map = try Data(base64Encoded: step.string("precompiled_charsmap")),
        draft.setCharacterMap(Array(map))
      else { throw Self.unsupported("normalizer", step, "this map") }
      draft.rules.normalization.append(.mapGraphemes)
    case "Strip":
      guard try step.optionalBool("strip_left") == false, try step.optionalBool("strip_right") ?? true else {
        throw Self.unsupported("normalizer", step, "the start")
      }
      draft.rules.normalization.append(.stripEnd)
    case "Replace" where step["pattern"]?["Regex"]?.asString == " {2,}":
      switch try step.string("content") {
      case "▁": draft.rules.normalization.append(.markSpaceRuns)
      case " ": draft.rules.normalization.append(.joinSpaceRuns)
      default: throw Self.unsupported("normalizer", step, "this pattern")
      }
    case "Replace":
      guard step["pattern"]?["String"]?.asString == " ", try step.string("content") == "▁" else {
        throw Self.unsupported("normalizer", step, "this pattern")
      }
      draft.rules.normalization.append(.replaceSpaces)
    default: throw Self.unsupported("normalizer", step)
    }
  }

  /// The normalizer and the pre-tokenizer, in this order: some steps of the latter change text too.
  mutating func readPipeline() throws {
    try readNormalizer(root["normalizer"])
    draft.rules.normalizerStepCount = draft.rules.normalization.count
    try readPreTokenizer(root["pre_tokenizer"], isFirst: true)
    readDecoder(root["decoder"])
  }

  private mutating func readPreTokenizer(_ step: JSON?, isFirst: Bool) throws {
    guard let step, !step.isNull else { return }
    switch step["type"]?.asString {
    case "Sequence":
      for (index, inner) in try step.array("pretokenizers").enumerated() {
        try readPreTokenizer(inner, isFirst: isFirst && index == 0)
      }
    case "ByteLevel":
      if try step.optionalBool("add_prefix_space") ?? true {
        guard isFirst else { throw Self.unsupported("pre_tokenizer", step, "a space before every piece") }
        draft.rules.normalization.append(.prependSpace)
      }
      if try step.optionalBool("use_regex") ?? true { draft.rules.preTokenization.append(.words(.gpt2)) }
    case "Digits":
      let isSingle = try step.optionalBool("individual_digits") ?? false
      draft.rules.preTokenization.append(.numbers(group: isSingle ? 1 : 0))
    case "Punctuation":
      let behavior = try step.optionalString("behavior") ?? "Isolated"
      guard behavior == "Isolated" else { throw Self.unsupported("pre_tokenizer", step, behavior) }
      draft.rules.preTokenization.append(.runs(.punctuationMark))
    case "Metaspace": try readMetaspace(step)
    case "Split": try readSplit(step)
    default: throw Self.unsupported("pre_tokenizer", step)
    }
  }

  private mutating func readSplit(_ step: JSON) throws {
    let behavior = try step.string("behavior")
    let inverts = try step.optionalBool("invert") ?? false
    if step["pattern"]?["String"]?.asString == " ", draft.rules.normalization.contains(.replaceSpaces) {
      return  // There are no spaces left to split at.
    }
    // "Removed" with "invert" keeps the matches and drops the text between them; these patterns leave no such
    // text.
    guard (behavior == "Isolated" && !inverts) || (behavior == "Removed" && inverts),
      let expression = step["pattern"]?["Regex"]?.asString
    else { throw Self.unsupported("pre_tokenizer", step, "\(behavior)\(inverts ? ", inverted" : "")") }
    if let pattern = WordPattern.of(expression) {
      draft.rules.preTokenization.append(.words(pattern))
    } else if behavior == "Isolated", let step = PreTokenization.isolating(expression) {
      draft.rules.preTokenization.append(step)
    } else if behavior == "Isolated", let expression = SplitExpression(expression) {
      draft.rules.preTokenization.append(.expression(expression))
    } else {
      throw Self.unsupported("pre_tokenizer", step, "the pattern \(expression)")
    }
  }

  private mutating func readMetaspace(_ step: JSON) throws {
    guard try step.optionalString("replacement") ?? "▁" == "▁" else {
      throw Self.unsupported("pre_tokenizer", step, "this replacement")
    }
    let legacy = try step.optionalBool("add_prefix_space") ?? true
    let scheme = try step.optionalString("prepend_scheme") ?? (legacy ? "always" : "never")
    draft.rules.normalization.append(.replaceSpaces)
    switch scheme {
    case "always": draft.rules.normalization.append(.prependMetaspaceIfMissing)
    case "first": draft.rules.normalization.append(.prependMetaspaceAtStart)
    default: break
    }
    if try step.optionalBool("split") ?? true { draft.rules.preTokenization.append(.marks) }
  }

  /// Reads only what decoding does beyond inverting the encoding: whether the first space is removed.
  private mutating func readDecoder(_ step: JSON?) {
    guard let step else { return }
    switch step["type"]?.asString {
    case "Sequence": for inner in step["decoders"]?.asArray ?? [] { readDecoder(inner) }
    case "Strip":
      if step["content"]?.asString == " ", (step["start"]?.asInteger ?? 0) > 0 {
        draft.rules.stripsLeadingSpace = true
      }
    case "Metaspace":
      let scheme = step["prepend_scheme"]?.asString
      draft.rules.stripsLeadingSpace =
        scheme.map { $0 != "never" } ?? step["add_prefix_space"]?.asBool ?? true
    default: break
    }
  }
}
