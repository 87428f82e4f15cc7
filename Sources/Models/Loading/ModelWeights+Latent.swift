import Basics
import Compute

extension ModelWeights {
  /// The projections of latent attention: `embed_q` and `unembed_out` (mlx-lm), or `kv_b_proj` with the rows of a head's
  /// keys and of its values in turn (DeepSeek).
  ///
  /// The rows of the values stay where they are mapped. Those of the keys are needed transposed, so they are copied: in
  /// their own format if it is not quantised, otherwise as float32.
  func latentProjections(
    _ prefix: String, heads: Int, _ sizes: LatentSizes
  ) throws -> LatentProjections {
    if contains(prefix + "embed_q.weight") {
      return LatentProjections(
        toLatent: try stack(perHead: prefix + "embed_q", [heads, sizes.rank, sizes.nope]),
        toValue: try stack(perHead: prefix + "unembed_out", [heads, sizes.value, sizes.rank]))
    }
    let name = prefix + "kv_b_proj", width = sizes.nope + sizes.value
    guard !contains(name + ".bias") else { throw ModelError.unsupported("a bias of \(name)") }
    let both = try stored(name + ".weight", [heads * width, sizes.rank])
    work.add(both, promptShare: 1, generationShare: 1)
    let values = try (0..<heads).map { try both.rows($0 * width + sizes.nope..<($0 + 1) * width) }
    let keys = try plain(both.rows((0..<heads).flatMap { Array($0 * width..<$0 * width + sizes.nope) }))
    let stack = try Weight(format: keys.format, shape: [heads, sizes.nope, sizes.rank], values: keys.values)
    return LatentProjections(
      toLatent: try backend.parameter(stack.transposed()), toValue: try backend.parameter(stack: values))
  }

  /// A matrix per head.
  private func stack(perHead name: String, _ extents: [Int]) throws -> Parameter {
    guard !contains(name + ".bias") else { throw ModelError.unsupported("a bias of \(name)") }
    let weight = try stored(name + ".weight", extents)
    work.add(weight, promptShare: 1, generationShare: 1)
    return try backend.parameter(weight)
  }

  /// A quantised matrix as float32; others as they are.
  private func plain(_ weight: Weight) throws -> Weight {
    guard weight.format.blockColumns > 1 else { return weight }
    let ids = (0..<Int32(weight.rows)).map { $0 }
    let rows = backend.embedding(Tokens(ids), table: try backend.parameter(weight), scale: 1)
    let values = Bytes(copying: backend.values(rows))
    return try Weight(format: .float32, shape: weight.shape, values: values)
  }
}
