import Basics

/// The files of a repository that a runnable model needs.
package struct FileSelection: Equatable {
  /// A model among the GGUF files of a repository: a file, or its shards.
  package struct Variant: Equatable {
    /// The name without shard number and extension.
    package let name: String
    package let files: [HubFile]
    package var bytes: Int { sumOfSizes(files.map { $0.bytes ?? 0 }) }
  }

  /// The chosen files.
  package let files: [HubFile]
  /// The GGUF model; nil for a folder of safetensors.
  package let chosen: Variant?
  /// The other GGUF models, if this one was proposed among several.
  package let others: [Variant]

  private static let companions: Set<String> = [
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model",
    "vocab.json", "merges.txt", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
    "chat_template.json", "model.safetensors.index.json", "tiktoken.model",
    "rwkv_vocab_v20230424.txt", "tokenizer.jsonl",
  ]
  /// Parts of the names of quantisations that can be run; `XL` and other mixes contain them.
  static let runnable = [
    "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "MXFP4", "NVFP4", "IQ1_S",
    "IQ1_M",
    "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ3_XXS", "IQ3_XS", "IQ3_S", "IQ3_M", "IQ4_NL", "IQ4_XS", "TQ1_0",
    "TQ2_0",
  ]

  /// Chooses the files.
  /// - Parameters:
  ///   - tag: a part of the names of GGUF files, such as "Q4_K_M".
  ///   - file: the path of a file in the repository.
  ///   - memory: the bytes that the weights may have.
  /// - Throws: `HubError` that lists what there is.
  package init(_ listing: HubListing, tag: String?, file: String?, memory: Int) throws(HubError) {
    let repository = listing.repository
    let variants = Self.variants(listing.files)
    let list = variants.map { "\($0.name) (\(byteCount($0.bytes)))" }.joined(separator: ", ")
    if let file {
      guard let found = listing.files.first(where: { $0.name == file || $0.storedName == file }) else {
        throw HubError(
          "\(repository): has no file \(file); " + (list.isEmpty ? "check the name" : "it has \(list)"))
      }
      let variant =
        variants.first { $0.files.contains(found) } ?? Variant(name: found.storedName, files: [found])
      (files, chosen, others) = (variant.files, variant, [])
      return
    }
    if let tag {
      let matches = variants.filter { Self.hasTag($0.name.lowercased(), tag.lowercased()) }
      guard let match = matches.min(by: { $0.name.count < $1.name.count }) else {
        throw HubError(
          "\(repository): no GGUF file is tagged \(tag); " + (list.isEmpty ? "it has none" : "it has \(list)")
        )
      }
      (files, chosen, others) = (match.files, match, [])
      return
    }
    let weights = listing.files.filter {
      !$0.name.contains("/") && $0.name.hasSuffix(".safetensors") && !$0.name.hasPrefix("consolidated")
        && !$0.name.hasPrefix("adapter")
    }
    if !weights.isEmpty, listing.files.contains(where: { $0.name == "config.json" }) {
      let named = weights.filter { $0.name.hasPrefix("model") }
      let companions = listing.files.filter {
        Self.companions.contains($0.name) || (!$0.name.contains("/") && $0.name.hasSuffix(".tiktoken"))
      }
      (files, chosen, others) = (companions + (named.isEmpty ? weights : named), nil, [])
      return
    }
    guard let best = Self.best(variants, memory) else {
      throw HubError(
        "\(repository): has no weights that Sotto can use (safetensors with a config.json, or GGUF); use another "
          + "repository")
    }
    (files, chosen, others) = (best.files, best, variants.filter { $0 != best })
  }

  /// The largest quantised variant that fits the memory, otherwise the smallest.
  private static func best(_ variants: [Variant], _ memory: Int) -> Variant? {
    let quantised = variants.filter { variant in
      runnable.contains { variant.name.uppercased().contains($0) }
    }
    let usable = quantised.isEmpty ? variants : quantised
    return usable.filter { $0.bytes <= memory }.max { $0.bytes < $1.bytes }
      ?? usable.min { $0.bytes < $1.bytes }
  }

  /// Whether a name has a tag as a whole part: "model-q4_k_m" has "q4_k_m" but not "k_m".
  private static func hasTag(_ name: String, _ tag: String) -> Bool {
    name == tag || name.hasSuffix("-" + tag) || name.hasSuffix("." + tag)
  }

  /// The GGUF models, without vision projectors and importance matrices; shards are one model.
  private static func variants(_ files: [HubFile]) -> [Variant] {
    var names: [String] = []
    var groups: [String: [HubFile]] = [:]
    for file in files.sorted(by: { $0.name < $1.name }) where file.name.hasSuffix(".gguf") {
      let lowercased = file.storedName.lowercased()
      guard !lowercased.contains("mmproj"), !lowercased.contains("imatrix") else { continue }
      var name = String(file.storedName.dropLast(5))
      if let shard = name.wholeMatch(of: #/(.*)-\d{5}-of-\d{5}/#) { name = String(shard.1) }
      if groups[name] == nil { names.append(name) }
      groups[name, default: []].append(file)
    }
    return names.map { Variant(name: $0, files: groups[$0] ?? []) }
  }
}

/// The sum of sizes, which are from the hub: it does not overflow.
package func sumOfSizes(_ sizes: [Int]) -> Int {
  sizes.reduce(0) { min(Int.max / 2, $0 + min($1, Int.max / 4)) }
}

/// A size with two digits and a unit: "98 MB", "1.3 GB".
package func byteCount(_ bytes: Int) -> String {
  let units = ["kB", "MB", "GB", "TB", "PB"]
  var value = Double(bytes) / 1000
  var unit = 0
  while value >= 1000, unit < units.count - 1 {
    value /= 1000
    unit += 1
  }
  let number = value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
  return "\(number) \(units[unit])"
}
