import Basics
import Checkpoints

extension GGUFExport {
  /// What is particular to an architecture in a GGUF file beyond the names of `GGUFConversion`, whose tables are used in
  /// both directions.
  struct Rules: Sendable {
    /// Whether the rows of q and k are reordered so that rotated pairs are adjacent.
    var interleavesRotary = false
    /// Keys of `GGUFConfiguration.common`, and `rope.dimension_count` and `vocab_size`, that are written.
    var keys: [String] = []
    /// The part of a head's columns that is rotated, if the configuration does not say.
    var rotaryShare = 1.0
    /// Keys of config.json that the architecture names otherwise, and their usual names.
    var renames: [String: String] = [:]
    /// Whether the head is the embedding if the configuration does not say.
    var isTied = false
    /// Whether llama.cpp requires a head, which is the embedding once more if the model has none of its own. The converter
    /// leaves it out.
    var needsHead = false
    /// Names of lists whose numbered members form one tensor.
    var lists: [String] = []
    /// Names of tensors within a layer that are stacked, in the order of the stack, by the name of the stack.
    var joins: [String: [String]] = [:]
    /// Tensors of one number in every layer, which GGUF has as lists in the metadata: their keys there, without the
    /// architecture's name, and the number where the checkpoint lacks the tensor.
    var numbers: [(tensor: String, key: String, fallback: Float?)] = []
    /// The weights that are stored with 1 added to them.
    var addsOne: @Sendable (_ name: String) -> Bool = { _ in false }
    /// New names of a layer's tensors, without the endings. A list divides the rows of a fused tensor.
    var divides: [String: [String]] = [:]
    /// Changes a tensor in other ways, under the public names.
    var change:
      @Sendable (_ tensor: ConvertedTensor, _ configuration: ModelConfiguration) throws -> [ConvertedTensor] =
        {
          tensor, _ in [tensor]
        }
    /// Changes the metadata.
    var complete: @Sendable (_ fields: inout GGUFFields, _ configuration: ModelConfiguration) throws -> Void =
      {
        _, _ in
      }
    /// `general.architecture` where it is not that of the conversion.
    var name: @Sendable (_ configuration: ModelConfiguration) -> String? = { _ in nil }

    /// Llama and the architectures whose rotary pairs are stored as in it.
    static let llama = Rules(interleavesRotary: true, keys: ["vocab_size", "rope.dimension_count"])

    /// Mixtures of experts of Qwen's form: experts that are stored together are divided.
    static let experts = Rules(
      keys: ["expert_feed_forward_length"],
      divides: [
        "mlp.experts.gate_up_proj": ["mlp.experts.gate_proj", "mlp.experts.up_proj"],
        "mlp.experts.down_proj": ["mlp.experts.down_proj"],
      ],
      complete: { _, configuration in try requireExperts(configuration) })

    /// Requires experts in every layer, as llama.cpp does.
    static func requireExperts(_ configuration: ModelConfiguration) throws {
      let count = try configuration.integer("num_hidden_layers", 1...4096)
      let isSparse = try configuration.sparseLayers(count: count)
      try configuration.requireForGGUF("decoder_sparse_step", isSparse.allSatisfy { $0 })
    }
  }

  /// The tensors of the file for one of the checkpoint, under the file's names.
  static func stored(
    _ tensor: ConvertedTensor, _ rules: Rules, _ names: GGUFWeights, _ configuration: ModelConfiguration
  ) throws -> [ConvertedTensor] {
    try rules.change(tensor, configuration).flatMap { try $0.divided(by: rules.divides) }.map { tensor in
      var tensor = tensor
      let (name, shape) = (tensor.name, tensor.shape)
      if rules.interleavesRotary, let heads = try rotatedHeads(name, configuration) {
        tensor = try tensor.ordered(interleaved(rows: shape[0], heads: heads, name))
      }
      if rules.addsOne(name) { tensor = tensor.changed { try $0.plusOne() } }
      if name.hasSuffix(".A_log") { tensor = tensor.changed { try $0.negatedExponential() } }
      if name.contains("conv"), shape.count == 3, shape[1] == 1 || shape[2] == 1 {
        tensor = tensor.reshaped([shape[0], shape[1] * shape[2]])
      }
      let stored = names.fileName(name)
      guard stored != name else {
        throw ModelError.unsupported("the tensor \(printable(name)) has no name in GGUF files")
      }
      return tensor.named(stored)
    }
  }

  /// The heads of a q or k projection; nil for other tensors.
  private static func rotatedHeads(_ name: String, _ configuration: ModelConfiguration) throws -> Int? {
    let all = try configuration.integer("num_attention_heads", 1...65536)
    if name.contains(".q_proj.") { return all }
    guard name.contains(".k_proj.") else { return nil }
    return try configuration.integer("num_key_value_heads", 1...all, default: all)
  }

  /// Row i of the first and of the second half of each head become rows 2i and 2i + 1.
  private static func interleaved(rows: Int, heads: Int, _ name: String) throws -> [Int] {
    let size = rows / heads
    guard rows % heads == 0, size % 2 == 0 else {
      throw ModelError.unsupported(
        "\(rows) rows of \(printable(name)) are not \(heads) heads of an even size")
    }
    return (0..<rows).map { row in
      let (head, place) = (row / size, row % size)
      return head * size + place % 2 * (size / 2) + place / 2
    }
  }
}
