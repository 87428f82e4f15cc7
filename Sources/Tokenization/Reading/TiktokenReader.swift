/// Reads tiktoken's rank files: one line for each token, with its bytes in base64 and its rank.
///
/// The file contains neither the split pattern nor the special tokens; both belong to the encoding, which
/// follows from the file's name (https://github.com/openai/tiktoken/blob/main/tiktoken_ext/openai_public.py).
enum TiktokenReader {
  /// The known encodings.
  enum Encoding: String, CaseIterable {
    case o200kHarmony = "o200k_harmony"
    case o200kBase = "o200k_base"
    case cl100kBase = "cl100k_base"
    case p50kBase = "p50k_base"
    case r50kBase = "r50k_base"
  }

  /// The vocabulary of an encoding's rank file.
  static func read(
    _ bytes: UnsafeRawBufferPointer, _ encoding: Encoding
  ) throws(TokenizerError) -> VocabularyDraft {
    var draft = try read(bytes, [.words(encoding.pattern)])
    try addSpecial(encoding, to: &draft)
    return draft
  }

  /// The tokens of a rank file, without special ones.
  static func read(
    _ bytes: UnsafeRawBufferPointer, _ steps: [PreTokenization]
  ) throws(TokenizerError) -> VocabularyDraft {
    var draft = VocabularyDraft()
    draft.reserve(tokens: bytes.count / 16, bytes: bytes.count / 2)
    draft.merges = .byNumber
    draft.ignoresMerges = true
    draft.rules.preTokenization = steps
    var token: [UInt8] = []
    var position = 0
    var line = 0
    while position < bytes.count {
      line += 1
      var end = position
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
      defer { position = end + 1 }
      if end == position { continue }
      guard let space = bytes[position..<end].firstIndex(of: UInt8(ascii: " ")),
        decodeBase64(
          UnsafeRawBufferPointer(rebasing: bytes[position..<space]).bindMemory(to: UInt8.self), into: &token),
        let number = number(bytes[(space + 1)..<end])
      else {
        throw TokenizerError(
          "line \(line) is not a base64 token and its rank", advice: "download the file again")
      }
      guard number >= draft.count, number < draft.count + 4096 else {
        throw TokenizerError(
          "line \(line): rank \(number) does not follow rank \(draft.count - 1)",
          advice: "download the file again")
      }
      draft.fill(to: number)
      draft.add(token, .mergeable)
    }
    guard draft.count >= 256 else {
      throw TokenizerError(
        "the file has \(draft.count) tokens, fewer than there are bytes", advice: "download the file again")
    }
    return draft
  }

  private static func addSpecial(
    _ encoding: Encoding, to draft: inout VocabularyDraft
  ) throws(TokenizerError) {
    for (name, id) in encoding.special {
      guard id >= draft.count, id < draft.count + 4096 else {
        throw TokenizerError(
          "the file has \(draft.count) tokens, but \(encoding.rawValue) has \(name) as token \(id)",
          advice: "download the file again")
      }
      draft.fill(to: id)
      draft.add(Array(name.utf8), [.special, .added])
    }
    func id(_ name: String) -> UInt32? {
      encoding.special.first { $0.name == name }.map { UInt32($0.id) }
    }
    draft.rules.eos = id("<|return|>") ?? id("<|endoftext|>")
    draft.rules.bos = id("<|startoftext|>")
    draft.rules.padding = id("<|endoftext|>")
    draft.rules.endOfGeneration = ["<|endoftext|>", "<|return|>", "<|call|>"].compactMap(id).sorted()
  }

  private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
    var value = 0
    for digit in digits where digit != UInt8(ascii: "\r") {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit), value < 1 << 32 else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return digits.isEmpty ? nil : value
  }

  /// Replaces `output` with the decoded bytes; false if the digits are not base64.
  static func decodeBase64(_ digits: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) -> Bool {
    output.removeAll(keepingCapacity: true)
    var bits: UInt32 = 0
    var count = 0
    for digit in digits {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="): continue
      default: return false
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        output.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return !output.isEmpty
  }
}

extension TiktokenReader.Encoding {
  /// The encoding's split pattern.
  var pattern: WordPattern {
    switch self {
    case .o200kHarmony, .o200kBase: .o200k
    case .cl100kBase: .cl100k
    case .p50kBase, .r50kBase: .gpt2WholeEnd
    }
  }

  /// The special tokens, ascending by id.
  var special: [(name: String, id: Int)] {
    switch self {
    case .o200kHarmony:
      (199_998..<201_088).map { (Self.harmony[$0] ?? "<|reserved_\($0)|>", $0) }
    case .o200kBase: [("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)]
    case .cl100kBase:
      [
        ("<|endoftext|>", 100_257), ("<|fim_prefix|>", 100_258), ("<|fim_middle|>", 100_259),
        ("<|fim_suffix|>", 100_260), ("<|endofprompt|>", 100_276),
      ]
    case .p50kBase, .r50kBase: [("<|endoftext|>", 50_256)]
    }
  }

  private static let harmony = [
    199_998: "<|startoftext|>", 199_999: "<|endoftext|>", 200_002: "<|return|>", 200_003: "<|constrain|>",
    200_005: "<|channel|>", 200_006: "<|start|>", 200_007: "<|end|>", 200_008: "<|message|>",
    200_012: "<|call|>", 200_018: "<|endofprompt|>",
  ]
}
