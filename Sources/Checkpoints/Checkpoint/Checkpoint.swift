import Basics

/// A model on disk: its weights in place, its configuration and its tokenizer's files.
///
/// Opening maps the files and reads their heads: milliseconds, whatever the size. Nothing is copied: the
/// weights keep the mapping alive, so they stay valid after the checkpoint itself is gone.
public final class Checkpoint: Sendable {
  /// What a model is stored as.
  public enum Kind: String, Sendable, CaseIterable {
    case gguf = "GGUF"
    case safetensors
    /// A folder with config.json and perhaps a tokenizer, without weights.
    case configurationOnly = "configuration only"
  }

  /// The GGUF file (of a split model the first), or the folder.
  public let path: String
  /// For people: the file's name without ending, the folder's name, or "organisation/model".
  public let name: String
  /// What it is stored as.
  public let kind: Kind
  /// config.json of a folder; nil for a GGUF file.
  public let configuration: JSON?
  /// The metadata of a GGUF file; nil for a folder of safetensors.
  public let gguf: GGUFMetadata?
  let store: any WeightStore

  init(
    path: String, name: String, kind: Kind, configuration: JSON?, gguf: GGUFMetadata?, store: any WeightStore
  ) {
    self.path = path
    self.name = name
    self.kind = kind
    self.configuration = configuration
    self.gguf = gguf
    self.store = store
  }

  /// The names of all weights, in the files' order. The planes of a packed layer count as one weight: MLX's
  /// `X.weight`, `X.scales`, `X.biases` as `X.weight`, and gpt-oss's `X_blocks`, `X_scales` as `X`.
  public var names: [String] { store.names }

  /// Whether `weight(name)` would find something.
  public func contains(_ name: String) -> Bool { resolved(name) != nil }

  /// The shape of a weight, outermost first, without touching it; nil where there is none.
  public func shape(_ name: String) -> [Int]? { resolved(name).flatMap { store.shape($0) } }

  /// A weight in place, put together from its planes where it is packed.
  /// - Parameter name: as stored; `.weight` at its end may be left out.
  /// - Throws: `incomplete` where there is none, `unsupported` for a format without kernels, `damaged`
  ///   where its planes do not fit.
  public func weight(_ name: String) throws(FileError) -> Weight {
    guard let stored = resolved(name), let weight = try store.weight(stored) else {
      throw missing(name)
    }
    return weight
  }

  private func resolved(_ name: String) -> String? {
    if store.contains(name) { return name }
    return store.contains(name + ".weight") ? name + ".weight" : nil
  }

  /// "llama", "gpt_oss": `general.architecture` or `model_type`; nil where the files do not say.
  public var architecture: String? {
    gguf.flatMap { try? $0.architecture() } ?? configuration?["model_type"]?.asString
  }

  /// A short name for how most of the weights are stored, such as "Q4_K_M", "BF16" or "4-bit g64".
  public var quantizationLabel: String { store.quantizationLabel }
  /// How many numbers all weights hold.
  public var parameters: Int { store.parameters }
  /// The size of the files with weights.
  public var fileBytes: Int { store.files.reduce(0) { $0 + $1.count } }

  /// Tells the kernel how the weights will be used; `willNeed` starts reading them in the background,
  /// `dontNeed` gives their memory back until they are touched again.
  public func advise(_ advice: MappedFile.Advice) {
    for file in store.files { file.advise(advice) }
  }

  /// The content of a file beside the weights, such as "tokenizer.json", "tokenizer_config.json",
  /// "chat_template.jinja" or "generation_config.json", mapped; nil where there is none, and for a GGUF
  /// file outside a model folder.
  public func tokenizerFile(_ name: String) throws(FileError) -> Bytes? {
    guard kind != .gguf, FileSystem.isPlainName(name) else { return nil }
    let file = FileSystem.join(path, name)
    return FileSystem.isFile(file) ? try MappedFile(file).bytes : nil
  }
}
