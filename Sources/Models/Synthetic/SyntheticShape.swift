import Checkpoints
import Compute

/// A full-size model's shape by name, for `sotto bench --synthetic`.
public struct SyntheticShape: Sendable {
  /// What the command line calls it.
  public let name: String
  /// config.json's keys.
  let configuration: JSON
  /// The format of matrices whose name contains the key; the empty key is for all others.
  let formats: [String: WeightFormat]
  /// Ends of the names of tensors that are there beside the weights asked for without question.
  let optional: [String]

  /// All shapes.
  public static let all: [SyntheticShape] =
    [
      SyntheticShape(
        name: "smollm2-135m",
        configuration: [
          "model_type": "llama", "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9,
          "num_key_value_heads": 3, "intermediate_size": 1536, "vocab_size": 49152, "rms_norm_eps": 1e-5,
          "rope_theta": 100_000, "max_position_embeddings": 8192, "tie_word_embeddings": true,
        ],
        formats: ["": .q4_1, "embed_tokens": .q8_0], optional: []),
      SyntheticShape(
        name: "llama-3.2-1b",
        configuration: [
          "model_type": "llama", "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32,
          "num_key_value_heads": 8, "intermediate_size": 8192, "vocab_size": 128_256, "rms_norm_eps": 1e-5,
          "rope_theta": 500_000, "max_position_embeddings": 131_072, "tie_word_embeddings": true,
        ],
        formats: ["": .q4_K, "embed_tokens": .q6_K], optional: []),
      gptOSS(name: "gpt-oss-20b", layers: 24, experts: 32),
      gptOSS(name: "gpt-oss-120b", layers: 36, experts: 128),
      qwen3Next,
    ] + stateSpace

  /// GPT-OSS: the experts in MXFP4, the rest in 8 bits.
  private static func gptOSS(name: String, layers: Int, experts: Int) -> SyntheticShape {
    SyntheticShape(
      name: name,
      configuration: [
        "model_type": "gpt_oss", "hidden_size": 2880, "num_hidden_layers": .integer(layers),
        "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880,
        "vocab_size": 201_088, "rms_norm_eps": 1e-5, "rope_theta": 150_000,
        "max_position_embeddings": 131_072, "sliding_window": 128, "tie_word_embeddings": false,
        "num_local_experts": .integer(experts), "num_experts_per_tok": 4,
        "rope_scaling": [
          "rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096, "truncate": false,
        ],
      ],
      formats: ["": .q8_0, "experts": .mxfp4], optional: [".bias", "lm_head.weight"])
  }

  /// The shape of that name, with its layers cut to `layers` where given.
  public static func named(_ name: String, layers: Int?) throws(ModelError) -> SyntheticShape {
    guard let shape = all.first(where: { $0.name == name }) else {
      throw .unsupported(
        "no synthetic shape '\(name)'; there are \(all.map(\.name).joined(separator: ", "))")
    }
    guard let layers, case .object(var members) = shape.configuration else { return shape }
    members["num_hidden_layers"] = .integer(layers)
    return SyntheticShape(
      name: name, configuration: .object(members), formats: shape.formats, optional: shape.optional)
  }

  func contains(_ name: String) -> Bool { optional.contains { name.hasSuffix($0) } }

  func format(_ tensor: String) -> WeightFormat {
    formats.first { !$0.key.isEmpty && tensor.contains($0.key) }?.value ?? formats[""] ?? .float32
  }

  /// Makes the model: allocates and fills its weights.
  public func model(backend: any Backend) throws -> any LanguageModel {
    try Registry.model(configuration, SyntheticWeights(shape: self), backend: backend)
  }
}
