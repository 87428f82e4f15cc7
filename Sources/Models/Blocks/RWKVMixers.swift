import Compute

/// The time mixing of RWKV-7 (arXiv:2503.14456): six mixes of each token with the one before it; projections to receptance,
/// key and value, and low-rank ones to decay, rate, gate and the share of the first layer's value; the generalised delta
/// rule; the gate; an output projection.
struct RWKVTimeMixer: BlockBody {
  /// Two linear layers with an activation between them.
  struct LowRank {
    let down: Linear
    let activation: Activation?
    let up: Linear

    func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor {
      var low = backend.linear(x, [down], adding: nil)
      if let activation { low = backend.activated(low, activation) }
      return backend.linear(low, [up], adding: nil)
    }
  }

  /// Carries the first layer's value to the other layers within a pass.
  final class FirstValue {
    var tensor: Tensor?
  }

  /// For receptance, decay, key, value, rate and gate.
  let mixes: [Parameter]
  let receptance: Linear, key: Linear, value: Linear, output: Linear
  let decay: LowRank, rate: LowRank, gate: LowRank
  /// nil in the first layer.
  let share: LowRank?
  let first: FirstValue
  let settings: RWKVSettings

  /// Loads the layers below `prefix`.
  /// - Parameters:
  ///   - ranks: the inner columns of the low-rank projections.
  ///   - isFirst: whether it is the first layer, whose values go into `first`.
  init(
    _ prefix: String, hidden: Int, headSize: Int, ranks: (decay: Int, rate: Int, share: Int, gate: Int),
    isFirst: Bool, first: FirstValue, _ weights: ModelWeights
  ) throws {
    func vector(_ name: String) throws -> Parameter { try weights.vector(prefix + name, hidden) }
    func linear(_ name: String) throws -> Linear {
      try weights.linear(prefix + name, inputs: hidden, outputs: hidden)
    }
    func lowRank(_ name: String, _ rank: Int, _ activation: Activation?) throws -> LowRank {
      LowRank(
        down: try weights.linear(prefix + name + ".lora.0", inputs: hidden, outputs: rank),
        activation: activation,
        up: try weights.linear(prefix + name + ".lora.2", inputs: rank, outputs: hidden))
    }
    mixes = try weights.mixes(prefix, ["x_r", "x_w", "x_k", "x_v", "x_a", "x_g"], hidden)
    receptance = try linear("r_proj")
    key = try linear("k_proj")
    value = try linear("v_proj")
    output = try linear("o_proj")
    decay = try lowRank("w_lora", ranks.decay, .tanh)
    rate = try lowRank("a_lora", ranks.rate, nil)
    gate = try lowRank("g_lora", ranks.gate, .sigmoid)
    share = isFirst ? nil : try lowRank("v_lora", ranks.share, nil)
    if isFirst {
      // GGUF files and some others have it in the first layer too.
      for part in ["0.weight", "0.bias", "2.weight", "2.bias"] {
        weights.source.skip(prefix + "v_lora.lora." + part)
      }
    }
    self.first = first
    settings = RWKVSettings(
      heads: hidden / headSize, size: headSize, erase: try vector("k_k"), blend: try vector("k_a"),
      bonus: try vector("r_k"),
      // The epsilon is not that of the configuration.
      norm: (try vector("g_norm.weight"), try vector("g_norm.bias"), 64e-5))
  }

  /// One recurrent cache, with the last token for the shift.
  var caches: [CacheShape] { [.recurrent(settings.cacheShape)] }

  /// - Parameter residual: added to the output projection's result.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let caches = try input.recurrentCaches(slot: slot)
    let shifted = backend.tokenShift(x, mixes: mixes, caches: caches, counts: input.counts)
    func mix(_ index: Int) -> Tensor { backend.columns(shifted, index * x.columns..<(index + 1) * x.columns) }
    var values = backend.linear(mix(3), [value], adding: nil)
    if let share, let first = first.tensor {
      let change = backend.add(first, values, scale: -1)
      values = backend.add(
        values, backend.gated(change, by: share(mix(3), on: backend), .sigmoid), scale: 1)
    } else {
      first.tensor = values
    }
    let read = backend.rwkv(
      receptance: backend.linear(mix(0), [receptance], adding: nil), decay: decay(mix(1), on: backend),
      key: backend.linear(mix(2), [key], adding: nil), value: values, rate: rate(mix(4), on: backend),
      settings, caches: caches, counts: input.counts)
    let gated = backend.gated(read, by: gate(mix(5), on: backend), .identity)
    return backend.linear(gated, [output], adding: residual)
  }
}

/// The channel mixing of RWKV: a feed-forward block of squared ReLU on a mix of each token with the one before it.
struct RWKVChannelMixer: BlockBody {
  let mix: Parameter
  let key: Linear
  let value: Linear
  private let hidden: Int

  /// Loads `x_k`, `key` and `value` below `prefix`.
  init(_ prefix: String, hidden: Int, inner: Int, _ weights: ModelWeights) throws {
    self.hidden = hidden
    mix = try weights.vector(prefix + "x_k", hidden)
    key = try weights.linear(prefix + "key", inputs: hidden, outputs: inner)
    value = try weights.linear(prefix + "value", inputs: inner, outputs: hidden)
  }

  /// One recurrent cache, of the last token alone.
  var caches: [CacheShape] {
    [.recurrent(RecurrentShape(channels: hidden, taps: 2, heads: 0, rows: 0, columns: 0))]
  }

  /// - Parameter residual: added to the result.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) throws -> Tensor {
    let shifted = backend.tokenShift(
      x, mixes: [mix], caches: try input.recurrentCaches(slot: slot), counts: input.counts)
    let inner = backend.activated(backend.linear(shifted, [key], adding: nil), .reluSquared)
    return backend.linear(inner, [value], adding: residual)
  }
}

extension ModelWeights {
  /// The vectors of a token shift: under their own names, or as rows of one tensor `x_x` (GGUF).
  fileprivate func mixes(_ prefix: String, _ names: [String], _ count: Int) throws -> [Parameter] {
    let fused = prefix + "x_x"
    guard contains(fused) else { return try names.map { try vector(prefix + $0, count) } }
    let found = try source.storedWeight(fused, shape: [names.count, count])
    guard found.shape.reduce(1, *) == names.count * count else {
      throw ModelError.wrongShape(tensor: fused, shape: found.shape, expected: [names.count, count])
    }
    let numbers = try found.floats()
    return try names.indices.map { try vector(Array(numbers[$0 * count..<($0 + 1) * count])) }
  }
}
