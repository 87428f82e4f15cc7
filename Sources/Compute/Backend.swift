import Basics

/// Computes tensors. Models describe computations; a backend executes them as few, large operations, each of which
/// corresponds to one fused kernel.
///
/// Operations return immediately and may be lazy. Only `values(_:)`, `ids(_:)` and `logProbabilities(_:of:best:)`
/// wait for results. Caches change only through operations of the backend. Optional capabilities are in
/// Backend+Capabilities.swift. Not thread-safe.
///
/// The rows of a tensor may belong to several sequences (batch generation). Operations on sequences take their caches
/// and `counts`, the number of consecutive rows of each sequence.
public protocol Backend: AnyObject {
  /// Whether activations may be rounded (8 bits, bfloat16) for speed.
  var precision: Precision { get }

  // Data in and out

  /// Makes a parameter of a weight. Cheap for formats that are used in place.
  /// - Parameter rowOrder: for a matrix or a vector, the ranges of the file's rows (or numbers) in the order of the
  ///   parameter, each row once; nil for the file's order. The backend may repack the rows or use them in place.
  func parameter(_ weight: Weight, rowOrder: [Range<Int>]?) throws -> Parameter
  /// Makes a parameter of matrices of one shape and format that are separate in a file, without copying them
  /// together.
  func parameter(stack: [Weight]) throws -> Parameter
  /// A tensor of these numbers in row-major order.
  func tensor(_ values: [Float], columns: Int) -> Tensor
  /// The numbers of a tensor in row-major order.
  func values(_ x: Tensor) -> [Float]
  /// The ids of tokens; waits until they are computed.
  func ids(_ tokens: Tokens) -> [Int32]

  // Views

  /// The columns `range` of every row.
  func columns(_ x: Tensor, _ range: Range<Int>) -> Tensor
  /// The rows at `indices`, in that order.
  func rows(_ x: Tensor, _ indices: [Int]) -> Tensor

  // Layers

  /// The rows of `table` [vocabulary, features] for `tokens`, times `scale`; zeros for -1, the id of a row from which
  /// no token could be sampled.
  func embedding(_ tokens: Tokens, table: Parameter, scale: Float) -> Tensor
  /// The outputs of the layers side by side (query, key and value; gate and up), plus `residual` if given.
  /// - Parameter residual: as wide as all outputs together.
  func linear(_ x: Tensor, _ layers: [Linear], adding residual: Tensor?) -> Tensor
  /// Each head's first columns times the head's own matrix, followed by the head's other columns unchanged (the
  /// projections to and from the latent of DeepSeek's attention).
  /// - Parameters:
  ///   - x: [rows, heads * headSize].
  ///   - weight: [heads, outputs, inputs].
  /// - Returns: [rows, heads * (outputs + headSize - inputs)].
  func headLinear(_ x: Tensor, _ weight: Parameter) -> Tensor
  /// The columns of `a` followed by those of `b`.
  func joined(_ a: Tensor, _ b: Tensor) -> Tensor
  /// Root mean square normalisation (arXiv:1910.07467) of each group of `groupSize` columns:
  /// x / sqrt(mean(x²) + epsilon) * (weight + offset). The weight has `groupSize` or `columns` numbers.
  func rmsNorm(_ x: Tensor, weight: Parameter?, groupSize: Int, epsilon: Float, offset: Float) -> Tensor
  /// Root mean square normalisation of groups of `groupSize` columns with a gate: norm(x * silu(gate)) if `gateFirst`
  /// (Mamba-2), otherwise norm(x) * silu(gate) (gated delta rule). The weight has `groupSize` or `columns` numbers.
  func gatedRMSNorm(
    _ x: Tensor, gate: Tensor, weight: Parameter, groupSize: Int, epsilon: Float, gateFirst: Bool
  ) -> Tensor
  /// Layer normalisation (arXiv:1607.06450) of each group of `groupSize` columns: (x - mean) / sqrt(variance + epsilon)
  /// * weight + bias. Weight and bias have `groupSize` or `columns` numbers.
  func layerNorm(
    _ x: Tensor, weight: Parameter?, bias: Parameter?, groupSize: Int, epsilon: Float
  ) -> Tensor
  /// Rotates each head of `table.headSize` columns by its row's position, from `table.first` on.
  func rotary(_ x: Tensor, _ table: RotaryTable, positions: [Int32]) -> Tensor
  /// Appends key and value rows to the caches and computes causal attention over their content. For caches with shared
  /// values, `value` must be the first columns of `key`. Without keys and values, the queries are those of the last
  /// positions of caches that an earlier layer of the pass has appended to.
  /// - Returns: [rows, heads * valueHeadSize].
  func attention(
    query: Tensor, key: Tensor?, value: Tensor?, caches: [any KeyValueCache], counts: [Int],
    _ settings: AttentionSettings
  ) throws -> Tensor
  /// The gated delta rule (arXiv:2412.06464) over each sequence's rows; updates the caches' states.
  ///
  /// For each value head with state S, token by token: S = exp(g) S + k beta (v - exp(g) Sᵀ k)ᵀ, and the output is Sᵀ
  /// q, where g = -exp(logDecay) * softplus(decay + bias) and beta = writeScale * sigmoid(write). q and k are divided by their
  /// Euclidean norm, q also by the root of the key size.
  /// - Parameters:
  ///   - query: [rows, keyHeads * keySize], as is `key`.
  ///   - value: [rows, valueHeads * valueSize].
  ///   - decay: [rows, valueHeads], as is `write`; [rows, valueHeads * keySize] with decays per channel.
  /// - Returns: [rows, valueHeads * valueSize].
  func gatedDelta(
    query: Tensor, key: Tensor, value: Tensor, decay: Tensor, write: Tensor, caches: [any RecurrentCache],
    counts: [Int], _ settings: GatedDeltaSettings
  ) throws -> Tensor
  /// Depthwise causal convolution over time of each sequence's rows after the inputs in its cache: activation(bias +
  /// sum over k of weight[:, k] * x[t - taps + 1 + k]). Stores the last taps - 1 rows of `x` in the caches and
  /// advances the convolution's position.
  /// - Parameters:
  ///   - weight: unquantised, [channels, taps] or [channels, 1, taps].
  ///   - activation: nil or `.silu`.
  func causalConvolution(
    _ x: Tensor, weight: Parameter, bias: Parameter?, activation: Activation?,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor
  /// The selective scan of a state space with one decay per head (Mamba-2, arXiv:2405.21060). For each head, with B
  /// and C of its group: step = softplus(steps + stepBias) clamped to the limits, state = exp(-exp(logRate) * step) *
  /// state + step * B xᵀ, y = Cᵀ state + skip * x. Updates the caches' states and advances the recurrence's position.
  /// - Parameters:
  ///   - x: [rows, heads * headSize].
  ///   - b: [rows, groups * stateSize], as is `c`.
  ///   - steps: [rows, heads], before bias and softplus.
  /// - Returns: [rows, heads * headSize].
  func stateSpaceScan(
    _ x: Tensor, b: Tensor, c: Tensor, steps: Tensor, _ settings: StateSpaceSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor
  /// The selective scan of a state space with a decay per channel and state (Mamba, arXiv:2312.00752). For each channel
  /// and state: step = softplus(steps), state = exp(rate * step) * state + step * B x, y = Cᵀ state + skip * x. Updates
  /// the caches' states and advances the recurrence's position.
  /// - Parameters:
  ///   - x: [rows, channels], as is `steps`, before the softplus.
  ///   - b: [rows, stateSize], as is `c`.
  /// - Returns: [rows, channels].
  func selectiveScan(
    _ x: Tensor, b: Tensor, c: Tensor, steps: Tensor, _ settings: SelectiveScanSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor
  /// The real-gated linear recurrent unit (RG-LRU, arXiv:2402.19427): with sigmoid gates i and r that are products of x
  /// within each head's block, and a = exp(-8 softplus(rate) r), state = a * state + sqrt(1 - a²) * i * x, without the
  /// square root at a sequence's first position. Updates the caches' states and advances the recurrence's position.
  /// - Parameter x: [rows, heads * columns].
  /// - Returns: the states, [rows, heads * columns].
  func realGatedRecurrence(
    _ x: Tensor, _ settings: RealGatedRecurrenceSettings, caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor
  /// RWKV's token shift: for each of up to 8 mixes, x + (previous row - x) * mix, side by side. Stores the last row in the
  /// caches' convolution and advances its position.
  /// - Parameter mixes: each [columns].
  /// - Returns: [rows, mixes * columns].
  func tokenShift(
    _ x: Tensor, mixes: [Parameter], caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor
  /// RWKV-7's generalised delta rule (arXiv:2503.14456) with its norm. For each head with state S, and with rate =
  /// sigmoid(rate): e = key * erase, divided by its norm; k = key * (1 + (rate - 1) * blend); w = exp(-exp(-1/2)
  /// sigmoid(decay)); S = diag(w) S - (e * rate) eᵀ S + k valueᵀ; the result is the layer norm of Sᵀ receptance, plus
  /// (receptance · (k * bonus)) * value. Updates the caches' states and advances the recurrence's position.
  /// - Parameter receptance: [rows, heads * size], as are the others.
  /// - Returns: [rows, heads * size].
  func rwkv(
    receptance: Tensor, decay: Tensor, key: Tensor, value: Tensor, rate: Tensor, _ settings: RWKVSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor
  /// activation(x), of any activation with one input.
  func activated(_ x: Tensor, _ activation: Activation) -> Tensor
  /// activation(first half of the columns) * second half: [rows, columns / 2].
  func gated(_ x: Tensor, _ activation: Activation) -> Tensor
  /// activation(gate) * x. A gate with fewer columns than x has one for each group of consecutive columns of x.
  func gated(_ x: Tensor, by gate: Tensor, _ activation: Activation) -> Tensor
  /// A mixture of experts: the weighted sum of the outputs of each row's chosen experts, plus `residual`.
  /// - Parameter logits: of the router, [rows, experts].
  func mixture(
    _ x: Tensor, logits: Tensor, _ routing: RoutingSettings, _ layers: ExpertLayers, adding residual: Tensor?
  ) -> Tensor
  /// a + scale * b.
  func add(_ a: Tensor, _ b: Tensor, scale: Float) -> Tensor
  /// x * scale, then cap * tanh(x / cap) if a softcap is given.
  func scaled(_ x: Tensor, by scale: Float, softcap: Float?) -> Tensor

  // Sampling

  /// Samples a token from each row of logits [rows, vocabulary]. Logits that are not numbers count as impossible; the
  /// result is -1 for a row without any number above -infinity.
  /// - Parameter rows: one set of parameters per row.
  func sample(_ logits: Tensor, _ rows: [SamplingParameters]) -> Tokens
  /// For each row of logits [rows, vocabulary], without adjustments and at temperature 1, the log probability of its
  /// token and those of the `count` most likely tokens. Waits for the logits.
  func logProbabilities(_ logits: Tensor, of tokens: Tokens, best count: Int) -> [TokenLogProbabilities]

  // Caches

  /// An empty cache of an attention layer.
  /// - Parameters:
  ///   - window: the latest positions attended to, including the current one; nil for all.
  ///   - sharedValues: if given, a head's values are the first so many columns of its keys, and are stored once.
  func keyValueCache(heads: Int, headSize: Int, window: Int?, sharedValues: Int?) -> any KeyValueCache
  /// The zero state of a recurrent layer.
  func recurrentCache(_ shape: RecurrentShape) -> any RecurrentCache
}

extension Backend {
  /// An empty cache of an attention layer that stores keys and values.
  public func keyValueCache(heads: Int, headSize: Int, window: Int?) -> any KeyValueCache {
    keyValueCache(heads: heads, headSize: headSize, window: window, sharedValues: nil)
  }

  /// Makes a parameter with the rows in the file's order.
  public func parameter(_ weight: Weight) throws -> Parameter { try parameter(weight, rowOrder: nil) }

  /// Layer normalisation over all columns.
  public func layerNorm(_ x: Tensor, weight: Parameter?, bias: Parameter?, epsilon: Float) -> Tensor {
    layerNorm(x, weight: weight, bias: bias, groupSize: x.columns, epsilon: epsilon)
  }

  /// The token with the largest logit of each row, the lowest id among equals; -1 if there is none.
  public func argmax(_ logits: Tensor) -> Tokens {
    sample(logits, Array(repeating: .greedy, count: logits.rows))
  }
}

/// The precision of a backend.
public enum Precision: String, Sendable, CaseIterable {
  /// float32 activations; weights as stored.
  case exact
  /// Activations may be rounded to 8 bits or bfloat16, keys and values to 16 bits, or to 8 if requested.
  case fast
}

/// Activation functions of gates.
public enum Activation: Sendable, Hashable {
  /// The hyperbolic tangent.
  case tanh
  /// x * sigmoid(x).
  case silu
  /// 1 / (1 + exp(-x)).
  case sigmoid
  /// The Gaussian error linear unit, tanh approximation.
  case geluTanh
  /// The Gaussian error linear unit, exact (erf).
  case gelu
  /// max(x, 0).
  case relu
  /// max(x, 0)².
  case reluSquared
  /// x: a gate is a plain factor.
  case identity
  /// xIELU (arXiv:2411.13010): positive * x² + beta * x above 0, negative * (exp(min(x, limit)) - 1 - x) + beta * x
  /// elsewhere. For `activated` only.
  case xielu(positive: Float, negative: Float, beta: Float, limit: Float)
  /// GPT-OSS: gate clamped to at most `limit`, up to ±`limit`; gate * sigmoid(alpha * gate) * (up + 1).
  case clampedSwiGLU(alpha: Float, limit: Float)
}
