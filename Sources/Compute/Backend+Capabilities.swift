// Optional capabilities of backends. A backend conforms to the protocols it supports; callers test with `as?`.

/// A backend whose operations are complete when they return, so that a forward pass can be interrupted between them.
/// An asynchronous backend has enqueued a whole pass before its first layer is computed and does not conform.
public protocol InterruptibleBackend: Backend {}

/// A backend that keeps freed memory for reuse and can return it to the system.
public protocol MemoryReleasingBackend: Backend {
  /// Returns memory that no tensor uses to the system.
  func releaseUnusedMemory()
}

/// A backend that can allocate memory in advance.
public protocol MemoryPreparingBackend: Backend {
  /// Allocates the memory that is written when a sequence with such caches resumes from a fork.
  /// - Parameter isInterrupted: polled every few megabytes; if it returns true, the rest is not allocated.
  func prepare(for caches: [any LayerCache], isInterrupted: () -> Bool)
  /// Bytes that `prepare` would allocate in total, whatever is allocated already.
  func preparationBytes(for caches: [any LayerCache]) -> Int
  /// Bytes allocated in advance that no sequence uses yet.
  var preparedBytes: Int { get }
}

/// A backend that can record the operations of a decoding pass and repeat them for the tokens that follow, without the
/// host's part of the work.
public protocol RepeatingBackend: Backend {
  /// The logits of a pass of one token for each of some sequences, and its effect on their caches.
  /// - Parameters:
  ///   - caches: all caches of the sequences; the pass advances each by one position.
  ///   - body: computes the pass for tokens that the backend substitutes; not called if a recorded pass is repeated. Its
  ///     operations may depend on the host on the caches' lengths and the positions in no other way than by `rotary` and
  ///     `attention`; one that copies numbers to the device is computed but not recorded.
  /// - Returns: logits that are valid until the next step of the same sequences.
  func step(
    _ tokens: Tokens, caches: [any LayerCache], _ body: (Tokens) throws -> Tensor
  ) throws -> Tensor
}

/// A backend that computes behind the host, so that a decoding pass can be enqueued before the tokens of the one ahead of it
/// are read.
public protocol LookAheadBackend: Backend {
  /// Starts to copy the ids of tokens to the host: `ids(_:)` then waits for these, and not for what is enqueued after this
  /// call.
  func startReading(_ tokens: Tokens)
}

/// A backend that multiplies the tokens of prompts in another way than those of answers: faster, and rounded otherwise. How
/// a row is rounded depends on this alone, not on the other rows of a pass.
public protocol PrefillBackend: Backend {
  /// Whether the rows of the operations that follow are tokens of prompts; see `ForwardInput.isPrefill`.
  var isPrefill: Bool { get set }
}

/// A backend whose operations can fail after they have returned, such as one that computes on a device.
public protocol FallibleBackend: Backend {
  /// Throws the first error since the last call. Results since then are undefined.
  func throwIfFailed() throws
}

/// What a step of a state-space mixer reads beside its settings and caches: columns of its input projection, and the
/// convolution.
public struct StateSpaceStep {
  /// The convolution's inputs, [rows, channels]: those of the heads, then B and C.
  public let channels: Tensor
  /// The gate, [rows, heads * headSize]; nil if the result is not gated.
  public let gate: Tensor?
  /// Steps before bias and softplus, [rows, heads].
  public let steps: Tensor
  /// The convolution's weight, as in `causalConvolution`.
  public let weight: Parameter
  /// Its bias, [channels].
  public let bias: Parameter?

  /// The inputs of a step.
  public init(channels: Tensor, gate: Tensor?, steps: Tensor, weight: Parameter, bias: Parameter?) {
    self.channels = channels
    self.gate = gate
    self.steps = steps
    self.weight = weight
    self.bias = bias
  }
}

/// A backend that can compute what is between the projections of a state-space mixer in one operation, for one row of each
/// sequence.
public protocol StateSpaceStepBackend: Backend {
  /// `causalConvolution` with SiLU, `stateSpaceScan` of its result and, with a gate, scan * silu(gate). Advances both parts of
  /// the caches.
  /// - Returns: [rows, heads * headSize]; nil if there is no such operation for these sizes.
  func stateSpaceStep(
    _ step: StateSpaceStep, _ settings: StateSpaceSettings, caches: [any RecurrentCache]
  ) -> Tensor?
}

/// A backend that can round activations as models were trained to have them, exactly and not for speed.
public protocol ActivationRoundingBackend: Backend {
  /// Each row rounded to 255 levels: round(x * s) / s with s = 127 / max(largest magnitude of the row, 1e-5), halves to
  /// even (BitNet, arXiv:2402.17764).
  func roundedRows(_ x: Tensor) -> Tensor
}

/// A backend that can compute the first outputs of a layer alone.
public protocol RowLimitingBackend: Backend {
  /// The first `count` rows of a matrix, in the same memory; nil if it is not in one piece.
  func firstRows(_ count: Int, of matrix: Parameter) -> Parameter?
}
