import Basics
import Compute

extension ModelWeights {
  /// The experts' matrices [experts, outputs, inputs]: stacked as `experts.X.weight` or MLX's
  /// `switch_mlp.X.weight`, with an optional `.bias`, or one tensor per expert, `experts.0.X.weight`, where Mixtral has
  /// names of its own. Separate tensors stay where they are mapped; only a table of pointers is built.
  /// - Parameters:
  ///   - prefix: up to and including `experts.`.
  ///   - share: the fraction of the experts that a token uses.
  func expertStack(
    _ prefix: String, _ name: String, _ experts: Int, _ outputs: Int, _ inputs: Int, _ share: Double
  ) throws -> Linear {
    let mixtral = ["gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"]
    let separate = [name, mixtral[name] ?? name].first { contains("\(prefix)0.\($0).weight") }
    if let separate {
      guard !contains("\(prefix)0.\(separate).bias") else {
        throw ModelError.unsupported("biases of separately stored experts (\(prefix)0.\(separate).bias)")
      }
      let stack = try (0..<experts).map {
        try stored("\(prefix)\($0).\(separate).weight", [outputs, inputs])
      }
      return try linear(stack: stack, share)
    }
    let mlx = prefix.dropLast("experts.".count) + "switch_mlp." + name
    // MLX's experts without gates have two numbered layers.
    let numbered = mlx.replacing(/up_proj$/, with: "fc1").replacing(/down_proj$/, with: "fc2")
    let stem = [mlx, numbered].first { contains($0 + ".weight") } ?? prefix + name
    return try self.stack(stem, experts, outputs, inputs, share)
  }

  /// The stack `name` [experts, outputs, inputs], with biases if the file has them.
  func stack(
    _ name: String, _ experts: Int, _ outputs: Int, _ inputs: Int, _ share: Double
  ) throws -> Linear {
    try expertStack(stored(name + ".weight", [experts, outputs, inputs]), share, bias: name + ".bias")
  }

  /// The same under the names of OpenAI's checkpoint: in MXFP4 (`name_blocks` and `name_scales`, which
  /// `Checkpoint` combines into `name`), or unquantised with inputs and outputs transposed.
  func openAIStack(
    _ name: String, _ experts: Int, _ outputs: Int, _ inputs: Int, _ share: Double
  ) throws -> Linear {
    let extents = [experts, outputs, inputs]
    let found = try source.storedWeight(name, shape: extents)
    let weight = found.format == .mxfp4Planar ? found : try found.transposed()
    guard weight.shape == extents else {
      throw ModelError.wrongShape(tensor: name, shape: weight.shape, expected: extents)
    }
    return try expertStack(weight, share, bias: name + "_bias")
  }

  /// The rows `rows` of each matrix of the tensor `name` of shape `extents`, in place.
  func stack(_ name: String, _ extents: [Int], rows: Range<Int>, _ share: Double) throws -> Linear {
    let bias = name.replacing(/\.weight$/, with: "") + ".bias"
    guard !contains(bias) else {
      throw ModelError.unsupported("biases of experts whose projections are fused (\(bias))")
    }
    let stored = try stored(name, extents)
    let all = try Weight(
      format: stored.format, shape: [extents[0] * extents[1], extents[2]], values: stored.values,
      scales: stored.scales, biases: stored.biases)
    let starts = (0..<extents[0]).map { $0 * extents[1] }
    return try linear(
      stack: starts.map { try all.rows($0 + rows.lowerBound..<$0 + rows.upperBound) }, share)
  }

  /// Matrices of one shape that lie apart.
  private func linear(stack: [Weight], _ share: Double) throws -> Linear {
    for weight in stack { work.add(weight, promptShare: share, generationShare: share) }
    return Linear(weight: try backend.parameter(stack: stack))
  }

  private func expertStack(_ weight: Weight, _ share: Double, bias: String) throws -> Linear {
    work.add(weight, promptShare: share, generationShare: share)
    guard contains(bias) else { return Linear(weight: try backend.parameter(weight)) }
    return Linear(
      weight: try backend.parameter(weight), bias: try parameter(bias, [weight.matrices, weight.rows]))
  }
}
