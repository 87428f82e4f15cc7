import Basics

/// A model on disk: its mapped weights, its configuration and its tokenizer files.
///
/// Opening maps the files and parses their headers in milliseconds, independent of their size. Nothing is copied: weights
/// hold a reference to the mapping, so they stay valid after the checkpoint is released.
public final class Checkpoint: Sendable {
  /// The format of a model on disk.
  public enum Kind: String, Sendable, CaseIterable {
    case gguf = "GGUF"
    case safetensors
    /// A folder with config.json and optionally a tokenizer, without weights.
    case configurationOnly = "configuration only"
  }

  /// The path of the GGUF file (the first shard of a sharded model), or of the folder.
  public let path: String
  /// The display name: the file name without extension, the folder name, or "organisation/model".
  public let name: String
  /// The format.
  public let kind: Kind
  /// config.json of a folder; nil for a GGUF file.
  public let configuration: JSON?
  /// The metadata of a GGUF file; nil for a folder of safetensors.
  public let gguf: GGUFMetadata?
  /// What the manifest of Ollama sets that this model was opened by; nil for other models.
  public let ollama: OllamaDefaults?
  let store: any WeightStore

  init(
    path: String, name: String, kind: Kind, configuration: JSON?, gguf: GGUFMetadata?, store: any WeightStore,
    ollama: OllamaDefaults? = nil
  ) {
    self.path = path
    self.name = name
    self.kind = kind
    self.configuration = configuration
    self.gguf = gguf
    self.store = store
    self.ollama = ollama
  }

  /// The names of all weights, in file order. The planes of a packed layer form one weight: MLX's `X.weight`, `X.scales`
  /// and `X.biases` are `X.weight`, and `X_blocks` and `X_scales` of gpt-oss are `X`.
  public var names: [String] { store.names }

  /// Whether a weight with this name exists, with the name rules of `weight(_:)`.
  public func contains(_ name: String) -> Bool { resolved(name) != nil }

  /// The shape of a weight, outermost dimension first, without reading it; nil if there is none.
  public func shape(_ name: String) -> [Int]? { resolved(name).flatMap { store.shape($0) } }

  /// A mapped weight, with all its planes if it is packed.
  /// - Parameter name: the stored name; the suffix `.weight` is optional.
  /// - Throws: `incomplete` if there is none, `unsupported` for a format without kernels, `damaged` if its planes do not
  ///   match.
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

  /// `general.architecture` or `model_type`, such as "llama" or "gpt_oss"; nil if the files have neither.
  public var architecture: String? {
    gguf.flatMap { try? $0.architecture() } ?? configuration?["model_type"]?.asString
  }

  /// A short label of the predominant quantisation, such as "Q4_K_M", "BF16" or "4-bit g64".
  public var quantizationLabel: String { store.quantizationLabel }
  /// Why weights of this model cannot be read: a format without kernels, or the quantisation of another library. Nil if
  /// all formats are supported.
  public var formatProblem: String? {
    if let method = unsupportedQuantization { return "quantised with \(method), which is not supported" }
    return store.formatProblem
  }
  /// The number of parameters.
  public var parameters: Int { store.parameters }
  /// The total size of the weight files.
  public var fileBytes: Int { store.files.reduce(0) { $0 + $1.count } }

  /// Advises the kernel about the use of the weights: `willNeed` starts reading them in the background, `dontNeed`
  /// releases their memory until the next access.
  public func advise(_ advice: MappedFile.Advice) {
    for file in store.files { file.advise(advice) }
  }

  /// A mapped file in the model folder, such as "tokenizer.json", "tokenizer_config.json", "chat_template.jinja" or
  /// "generation_config.json"; nil if it does not exist, and for GGUF models.
  public func tokenizerFile(_ name: String) throws(FileError) -> Bytes? {
    guard kind != .gguf, FileSystem.isPlainName(name) else { return nil }
    let file = FileSystem.join(path, name)
    return FileSystem.isFile(file) ? try MappedFile(file).bytes : nil
  }
}
