import Basics

/// Where numbers are computed. Models describe; a backend computes, with few and large operations, one
/// for what one fused kernel does.
///
/// Operations return at once and may be lazy: only `values(_:)`, `ids(_:)` and `logProbabilities(_:of:best:)` wait for
/// results. Caches change only through operations given here. What only some backends can do is in
/// Backend+Capabilities.swift. Not thread-safe: one owner uses it.
///
/// Rows of a tensor may belong to several sequences (batch generation): operations that look at a
/// sequence take `counts`, the number of consecutive rows of each, beside the sequences' caches.
public protocol Backend: AnyObject {
  /// Whether activations may be rounded (8 bits, bfloat16) for speed.
  var precision: Precision { get }

  // Data in and out.

  /// Takes in a weight. Cheap for formats that are used in place.
  /// - Parameter rowOrder: for a matrix or a vector, the file's rows (or numbers) in the parameter's order, each once;
  ///   nil for the file's order. The backend may repack them or use them in place.
  func parameter(_ weight: Weight, rowOrder: [Range<Int>]?) throws -> Parameter
  /// Takes in a stack of matrices of one shape and format that a file keeps apart, without putting them together.
  func parameter(stack: [Weight]) throws -> Parameter
  /// A tensor of the given numbers, row by row.
  func tensor(_ values: [Float], columns: Int) -> Tensor
  /// Reads a tensor's numbers, row by row.
  func values(_ x: Tensor) -> [Float]
  /// Reads token ids; waits for those that are still being computed.
  func ids(_ tokens: Tokens) -> [Int32]

  // Views.

  /// Columns `range` of every row.
  func columns(_ x: Tensor, _ range: Range<Int>) -> Tensor
  /// The rows at `indices`, in that order.
  func rows(_ x: Tensor, _ indices: [Int]) -> Tensor

  // Layers.

  /// Rows of `table` [vocabulary, features] for `tokens`, times `scale`; zeros for -1, the token that could not be
  /// sampled.
  func embedding(_ tokens: Tokens, table: Parameter, scale: Float) -> Tensor
  /// The layers' outputs side by side (query, key and value; gate and up), plus `residual` where given.
  /// - Parameter residual: as wide as all outputs together.
  func linear(_ x: Tensor, _ layers: [Linear], adding residual: Tensor?) -> Tensor
  /// Root mean square normalisation (arXiv:1910.07467) of each group of `groupSize` columns:
  /// x / sqrt(mean(x²) + epsilon) * (weight + offset). The weight has `groupSize` or `columns` numbers.
  func rmsNorm(_ x: Tensor, weight: Parameter?, groupSize: Int, epsilon: Float, offset: Float) -> Tensor
  /// Root mean square normalisation of each group of `groupSize` columns beside a gate:
  /// norm(x * silu(gate)) where the gate comes first (Mamba-2), otherwise norm(x) * silu(gate) (gated delta
  /// rule). The weight has `groupSize` or `columns` numbers.
  func gatedRMSNorm(
    _ x: Tensor, gate: Tensor, weight: Parameter, groupSize: Int, epsilon: Float, gateFirst: Bool
  ) -> Tensor
  /// Layer normalisation over all columns.
  func layerNorm(_ x: Tensor, weight: Parameter?, bias: Parameter?, epsilon: Float) -> Tensor
  /// Rotates each head of `table.headSize` columns by its row's position.
  func rotary(_ x: Tensor, _ table: RotaryTable, positions: [Int32]) -> Tensor
  /// Appends key and value rows to the caches and attends causally over what they hold.
  /// - Returns: [rows, heads * valueHeadSize].
  func attention(
    query: Tensor, key: Tensor, value: Tensor, caches: [any KeyValueCache], counts: [Int],
    _ settings: AttentionSettings
  ) throws -> Tensor
  /// The gated delta rule (arXiv:2412.06464) over each sequence's rows; the caches' states go forward.
  ///
  /// For each value head with state S, token by token: S = exp(g) S + k beta (v - exp(g) Sᵀ k)ᵀ, and the output is
  /// Sᵀ q, where g = -exp(logDecay) * softplus(decay + bias), beta = sigmoid(write), and q and k have been divided by
  /// their Euclidean norm, q also by the root of the key size.
  /// - Parameters:
  ///   - query: [rows, keyHeads * keySize], as is `key`.
  ///   - value: [rows, valueHeads * valueSize].
  ///   - decay: [rows, valueHeads], as is `write`.
  /// - Returns: [rows, valueHeads * valueSize].
  func gatedDelta(
    query: Tensor, key: Tensor, value: Tensor, decay: Tensor, write: Tensor, caches: [any RecurrentCache],
    counts: [Int], _ settings: GatedDeltaSettings
  ) throws -> Tensor
  /// Depthwise causal convolution over time, each sequence's rows behind what its cache carries:
  /// activation(bias + sum over k of weight[:, k] * x[t - taps + 1 + k]). The caches take the last taps - 1
  /// rows of `x` and count the convolution's positions.
  /// - Parameters:
  ///   - weight: plain numbers, [channels, taps] or [channels, 1, taps].
  ///   - activation: nil or `.silu`.
  func causalConvolution(
    _ x: Tensor, weight: Parameter, bias: Parameter?, activation: Activation?,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor
  /// The selective scan of a state space with one decay a head (arXiv:2405.21060). For each head, with B and C
  /// of its group: step = softplus(steps + stepBias) held within the limits,
  /// state = exp(-exp(logRate) * step) * state + step * B xᵀ, y = Cᵀ state + skip * x.
  /// The caches take the new states and count the recurrence's positions.
  /// - Parameters:
  ///   - x: [rows, heads * headSize].
  ///   - b: [rows, groups * stateSize], as is `c`.
  ///   - steps: [rows, heads], before bias and softplus.
  /// - Returns: [rows, heads * headSize].
  func stateSpaceScan(
    _ x: Tensor, b: Tensor, c: Tensor, steps: Tensor, _ settings: StateSpaceSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor
  /// activation(first half of the columns) * second half: [rows, columns / 2].
  func gated(_ x: Tensor, _ activation: Activation) -> Tensor
  /// activation(gate) * x. The gate is as wide as x, or one column that serves a whole row.
  func gated(_ x: Tensor, by gate: Tensor, _ activation: Activation) -> Tensor
  /// A mixture of experts: the weighted sum of what each row's chosen experts make of it, plus `residual`.
  /// - Parameter logits: the router's, [rows, experts].
  func mixture(
    _ x: Tensor, logits: Tensor, _ routing: RoutingSettings, _ layers: ExpertLayers, adding residual: Tensor?
  ) -> Tensor
  /// a + scale * b.
  func add(_ a: Tensor, _ b: Tensor, scale: Float) -> Tensor
  /// x * scale, then cap * tanh(x / cap) where a cap is given.
  func scaled(_ x: Tensor, by scale: Float, softcap: Float?) -> Tensor

  // Sampling.

  /// Chooses a token for each row of logits [rows, vocabulary]. Logits that are not numbers count as impossible; a row
  /// without any number above -infinity gives -1.
  /// - Parameter rows: how each row's token is chosen.
  func sample(_ logits: Tensor, _ rows: [SamplingParameters]) -> Tokens
  /// For each row of logits [rows, vocabulary], before any adjustment and at temperature 1, the log probability of
  /// its token and those of the `count` likeliest tokens. Waits for the logits.
  func logProbabilities(_ logits: Tensor, of tokens: Tokens, best count: Int) -> [TokenLogProbabilities]

  // Caches.

  /// An empty cache for one attention layer.
  /// - Parameter window: only this many latest positions are attended to, the current one included;
  ///   nil for all.
  func keyValueCache(heads: Int, headSize: Int, window: Int?) -> any KeyValueCache
  /// The zero state of one recurrent layer.
  func recurrentCache(_ shape: RecurrentShape) -> any RecurrentCache
}

extension Backend {
  /// Takes in a weight whose rows are in the file's order.
  public func parameter(_ weight: Weight) throws -> Parameter { try parameter(weight, rowOrder: nil) }

  /// The largest logit of each row, of equals the one with the lowest id; -1 where there is none.
  public func argmax(_ logits: Tensor) -> Tokens {
    sample(logits, Array(repeating: .greedy, count: logits.rows))
  }
}

/// How exactly a backend computes.
public enum Precision: String, Sendable, CaseIterable {
  /// float32 on the weights as stored.
  case exact
  /// Activations may be rounded to 8 bits or bfloat16, keys and values to 16 bits, or to 8 where that is asked for.
  case fast
}

/// The gates that feed-forward layers use.
public enum Activation: Sendable, Hashable {
  /// x * sigmoid(x).
  case silu
  /// 1 / (1 + exp(-x)).
  case sigmoid
  /// The Gaussian error linear unit by its tanh approximation.
  case geluTanh
  /// The Gaussian error linear unit by erf.
  case gelu
  /// max(x, 0)².
  case reluSquared
  /// GPT-OSS: gate clamped to at most `limit`, up to ±`limit`; gate * sigmoid(alpha * gate) * (up + 1).
  case clampedSwiGLU(alpha: Float, limit: Float)
}
