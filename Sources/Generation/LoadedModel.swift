import Compute
import Models
import Tokenization

/// A model, its tokenizer and its backend. The generator takes ownership and uses it on its thread only.
public struct LoadedModel {
  /// The layers.
  public let model: any LanguageModel
  /// The tokenizer of the same file; nil if prompts are token ids only.
  public let tokenizer: Tokenizer?
  /// The backend that computes it.
  public let backend: any Backend
  /// Bytes of the weights, mapped or not.
  public let bytes: Int
  /// Where it is computed.
  public let device: ModelDevice
  /// What may be wrong with its files, in one line; nil if nothing is known.
  public let warning: String?
  /// Whether decoding passes are enqueued before the tokens of the ones ahead are read.
  package var looksAhead: Bool
  /// The measured durations of its decoding passes.
  let costs = PassCosts()

  /// A model with its tokenizer and the backend that holds its parameters.
  public init(
    model: any LanguageModel, tokenizer: Tokenizer?, backend: any Backend, bytes: Int,
    device: ModelDevice = ModelDevice(), warning: String? = nil
  ) {
    self.model = model
    self.tokenizer = tokenizer
    self.backend = backend
    self.bytes = bytes
    self.device = device
    self.warning = warning
    looksAhead = backend is any LookAheadBackend
  }

  /// Samples a token from each row of logits, and waits for them.
  /// - Throws: the backend's error, if an operation has failed since the last call.
  func sample(_ logits: Tensor, _ rows: [SamplingParameters]) throws -> [Int32] {
    try ids(backend.sample(logits, rows))
  }

  /// The ids of tokens; waits for them.
  /// - Throws: the backend's error, if an operation has failed since the last call.
  func ids(_ tokens: Tokens) throws -> [Int32] {
    let ids = backend.ids(tokens)
    try (backend as? any FallibleBackend)?.throwIfFailed()
    return ids
  }

  /// The log probabilities that a request wants of a token that was sampled from a row of logits; nil if it wants none.
  func logProbabilities(
    _ logits: Tensor, row: Int, of id: Int32, _ request: GenerationRequest
  ) -> TokenLogProbabilities? {
    request.logProbabilities.flatMap { count in
      backend.logProbabilities(backend.rows(logits, [row]), of: Tokens([id]), best: count).first
    }
  }

  /// Returns unused memory to the system, if the backend supports it.
  func releaseUnusedMemory() { (backend as? any MemoryReleasingBackend)?.releaseUnusedMemory() }
}
