import Basics
import Checkpoints

/// The special tokens of a model and which of them are added to a text, as llama.cpp's converter finds them in
/// tokenizer.json, tokenizer_config.json and config.json.
struct GGUFSpecialTokens {
  private var ids: [(name: String, id: Int)] = []
  private var adds: [(name: String, adds: Bool)] = []
  private let count: Int

  /// - Parameters:
  ///   - root: tokenizer.json.
  ///   - settings: tokenizer_config.json.
  ///   - configuration: config.json.
  ///   - count: the number of tokens.
  init(_ root: JSON?, _ settings: JSON?, _ configuration: JSON?, count: Int) {
    self.count = count
    var texts: [String: String] = [:]
    for name in Self.names { texts[name] = Self.text(name, settings) }
    texts["bos"] = texts["bos"] ?? (root == nil ? nil : texts["cls"])
    texts["eos"] = texts["eos"] ?? (root == nil ? nil : texts["sep"])
    var names = Self.names
    if let processor = root?["post_processor"], !processor.isNull {
      for part in processor["processors"]?.asArray ?? [processor] {
        addParts(of: part, &texts, &names, hasSettings: settings != nil)
      }
    }
    guard settings != nil else {
      for name in Self.names { set(name, configuration?["\(name)_token_id"]?.asInteger) }
      return
    }
    let added = root?["added_tokens"]?.asArray ?? []
    for name in names {
      if let flag = settings?["add_\(name)_token"]?.asBool { add(name, flag, replaces: false) }
      let id = added.first { $0["content"]?.asString == texts[name] }?["id"]?.asInteger
      if texts[name] != nil { set(name, id) }
    }
    for name in names { set(name, configuration?["\(name)_token_id"]?.asInteger) }
  }

  /// What tokens are for, as in the keys of tokenizer_config.json.
  static let names = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"]

  /// The token that tokenizer_config.json names for a purpose.
  static func text(_ name: String, _ settings: JSON?) -> String? {
    let entry = settings?["\(name)_token"]
    return entry?.asString ?? entry?["content"]?.asString
  }

  /// The texts of all special tokens that tokenizer_config.json names, as transformers finds them.
  static func texts(_ settings: JSON?) -> Set<String> {
    func text(_ entry: JSON) -> String? { entry.asString ?? entry["content"]?.asString }
    func list(_ key: String) -> [JSON] {
      settings?[key]?.asArray ?? settings?[key]?.asObject?.map(\.value) ?? []
    }
    let named = settings?.asObject?.filter { $0.key.hasSuffix("_token") } ?? []
    // The older key counts only without the newer one.
    let extra = list("extra_special_tokens")
    let others = extra.isEmpty ? list("additional_special_tokens") : extra
    // Tokens with names of the model's own replace those under a key of their own.
    let hasOwn =
      named.contains { !names.contains(String($0.key.dropLast("_token".count))) && $0.value.asString != nil }
      || settings?["extra_special_tokens"]?.asObject?.isEmpty == false
    let specific = hasOwn ? [] : list("model_specific_special_tokens")
    return Set((named.map(\.value) + others + specific).compactMap(text))
  }

  private mutating func set(_ name: String, _ id: Int?) {
    guard let id, id >= 0, id < count, !ids.contains(where: { $0.name == name }) else { return }
    ids.append((name, id))
  }

  private mutating func add(_ name: String, _ flag: Bool, replaces: Bool) {
    guard let index = adds.firstIndex(where: { $0.name == name }) else {
      adds.append((name, flag))
      return
    }
    if replaces { adds[index].adds = flag }
  }

  /// What a post-processor of tokenizer.json puts around a text.
  private mutating func addParts(
    of part: JSON, _ texts: inout [String: String], _ names: inout [String], hasSettings: Bool
  ) {
    switch part["type"]?.asString {
    case "ByteLevel":
      add("bos", false, replaces: false)
      add("eos", false, replaces: false)
    case "TemplateProcessing":
      let single = part["single"]?.asArray ?? []
      guard single.count > 1 else { return }
      if let first = single.first?["SpecialToken"]?["id"]?.asString {
        if !hasSettings {
          texts["bos"] = first
        } else if first != texts["bos"], first != texts["cls"] {
          texts["bos"] = texts["bos"] ?? first
          texts["cls"] = texts["cls"] ?? first
        }
        add("bos", first == texts["bos"] || first == texts["cls"], replaces: true)
      }
      if let last = single.last?["SpecialToken"]?["id"]?.asString {
        if hasSettings, last != texts["eos"] {
          // What the settings call the end of a text is that of a turn.
          texts["eot"] = texts["eos"]
          names.append("eot")
        }
        texts["eos"] = last
        add("eos", true, replaces: true)
      }
      addSeparator(part, texts)
    default: break
    }
  }

  /// Whether a separator is between the two texts of a pair.
  private mutating func addSeparator(_ part: JSON, _ texts: [String: String]) {
    func name(_ entry: JSON?) -> String? { entry?["SpecialToken"]?["id"]?.asString }
    var pair = (part["pair"]?.asArray ?? [])[...]
    let single = part["single"]?.asArray ?? []
    guard !pair.isEmpty else { return }
    let hasLast = name(single.last) != nil
    if let first = name(single.first), first == name(pair.first) { pair = pair.dropFirst() }
    if let last = name(single.last), last == name(pair.last) { pair = pair.dropLast() }
    guard pair.first?["Sequence"]?["id"]?.asString == "A", pair.last?["Sequence"]?["id"]?.asString == "B",
      pair.count > 2
    else { return }
    let between = pair.dropFirst().dropLast()
    let ends = [texts["sep"], texts["eos"]].compactMap { $0 }
    var isSeparated = name(between.first).map { ends.contains($0) && !hasLast } ?? false
    if between.count == 2, let second = name(between.last), ends.contains(second) { isSeparated = true }
    add("sep", isSeparated, replaces: true)
  }

  /// Changes what the converter has rules for by architecture.
  mutating func adjust(_ architecture: String, _ root: JSON?) {
    func id(_ text: String) -> Int? {
      (root?["added_tokens"]?.asArray ?? []).first { $0["content"]?.asString == text }?["id"]?.asInteger
    }
    switch architecture {
    case "glm4moe", "deepseek2":
      // Those of GLM-4.5 to 4.7.
      guard let mask = id("[gMASK]"), let user = id("<|user|>"), let tool = id("<|observation|>") else {
        return
      }
      for (name, id) in [("bos", mask), ("eot", user), ("unk", id("<|endoftext|>")), ("eom", tool)] {
        set(name, id)
      }
    case "gemma4":
      adds.removeAll { $0.name == "bos" }
      adds.append(("bos", true))
    case "phi2": add("bos", false, replaces: false)
    case "nemotron":
      ids.removeAll { ["pad", "unk"].contains($0.name) }
      ids += [("pad", 0), ("unk", 1)]
    case "glm4":
      // The tokens of the files come first, except for the end of a turn, which they do not have.
      for (name, text) in [
        ("eos", "<|endoftext|>"), ("eot", "<|user|>"), ("unk", "<|endoftext|>"), ("bos", "<|endoftext|>"),
      ] { set(name, id(text)) }
    case "gemma": set("eot", 107)
    case "rwkv7" where root == nil:
      // Of RWKV's own vocabulary. An empty line ends a turn.
      ids.removeAll { ["bos", "eos", "eot"].contains($0.name) }
      for (name, id) in [("bos", 0), ("eos", 0), ("eot", 261)] { set(name, id) }
    case "llama", "granite", "mistral3", "smollm3":
      // CodeLlama, and small Granite models.
      if count == 32016 {
        set("eot", 32010)
      } else if count == 49152 {
        adds.removeAll { $0.name == "bos" }
        adds.append(("bos", false))
      }
    default: break
    }
  }

  /// The metadata; GGUF has no keys for the other tokens.
  var fields: [(key: String, value: GGUFField)] {
    let keys = [
      "bos": "bos", "eos": "eos", "unk": "unknown", "sep": "seperator", "pad": "padding", "mask": "mask",
      "eot": "eot", "eom": "eom",
    ]
    let tokens = ids.compactMap { name, id in
      keys[name].map { ("tokenizer.ggml.\($0)_token_id", GGUFField.integer(UInt32(id))) }
    }
    return tokens
      + adds.filter { ["bos", "eos", "sep"].contains($0.name) }.map {
        ("tokenizer.ggml.add_\($0.name)_token", .bool($0.adds))
      }
  }
}
