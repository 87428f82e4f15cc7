import Compute
import Models
import Tokenization

/// A model in memory: its layers and its tokenizer. Whoever makes it hands it over to the generator, on whose
/// thread alone it computes.
public struct LoadedModel {
  /// The layers.
  public let model: any LanguageModel
  /// The tokenizer of the same file; nil where prompts are token ids alone.
  public let tokenizer: Tokenizer?
  /// The backend that computes it.
  public let backend: any Backend
  /// Memory that the weights take, mapped or not, in bytes.
  public let bytes: Int

  /// A model with its tokenizer and the backend that holds its parameters.
  public init(model: any LanguageModel, tokenizer: Tokenizer?, backend: any Backend, bytes: Int) {
    self.model = model
    self.tokenizer = tokenizer
    self.backend = backend
    self.bytes = bytes
  }

  /// Returns memory that the backend keeps for reuse to the system, where it keeps some.
  func releaseUnusedMemory() { (backend as? any MemoryReleasingBackend)?.releaseUnusedMemory() }
}
