import Compute
import Models
import Tokenization

/// A model in memory: its layers and its tokenizer. Made on the generator's thread.
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
}

/// The models in memory. When another one comes, those that were not used for longest leave until it fits
/// the budget; the one in use never does.
struct ResidentModels {
  private final class Resident {
    let loaded: LoadedModel
    var lastUse: Int
    init(_ loaded: LoadedModel, lastUse: Int) {
      self.loaded = loaded
      self.lastUse = lastUse
    }
  }

  /// Bytes of weights that may be in memory together.
  let budget: Int
  private var residents: [String: Resident] = [:]
  private var clock = 0

  /// - Parameter budget: in bytes.
  init(budget: Int) { self.budget = budget }

  /// The keys of the models in memory.
  var keys: [String] { residents.keys.sorted() }

  /// A model in memory.
  func peek(_ key: String) -> LoadedModel? { residents[key]?.loaded }

  /// A model in memory, used now.
  mutating func use(_ key: String) -> LoadedModel? {
    clock += 1
    residents[key]?.lastUse = clock
    return residents[key]?.loaded
  }

  /// Takes a model in and lets others leave for it.
  /// - Returns: the keys of those that left.
  mutating func insert(_ key: String, _ loaded: LoadedModel) -> [String] {
    clock += 1
    residents[key] = Resident(loaded, lastUse: clock)
    var left: [String] = []
    while residents.values.reduce(0, { $0 + $1.loaded.bytes }) > budget {
      let others = residents.filter { $0.key != key }
      guard let oldest = others.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
      residents[oldest.key] = nil
      left.append(oldest.key)
    }
    return left
  }

  /// Lets a model leave.
  mutating func remove(_ key: String) { residents[key] = nil }
}
