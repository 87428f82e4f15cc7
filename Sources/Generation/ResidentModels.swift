import Models

/// A model that the generator owns. All properties but `loaded` may be read from any thread.
final class ResidentModel: @unchecked Sendable {
  /// For the generator's thread only.
  let loaded: LoadedModel
  let facts: ModelFacts
  /// Bytes of weights.
  let bytes: Int
  let device: ModelDevice
  let warning: String?
  /// Whether its caches can be truncated to every length.
  let keepsEveryPosition: Bool

  init(_ loaded: sending LoadedModel) {
    facts = loaded.model.facts
    bytes = loaded.bytes
    device = loaded.device
    warning = loaded.warning
    keepsEveryPosition = SequenceState(caches: loaded.model.makeCaches()).keepsEveryPosition
    self.loaded = loaded
  }
}

/// The models in memory. To fit a new one into the budget, the least recently used models are unloaded. A model with
/// a pending or running computation is kept until that ends, and the most recently used model is always kept;
/// meanwhile the budget may be exceeded.
package struct ResidentModels<Model> {
  private struct Resident {
    let model: Model
    let bytes: Int
    var lastUse: Int
  }

  /// The byte limit of all weights together.
  private let budget: Int
  private var residents: [String: Resident] = [:]
  /// Pending and running computations by key, above zero. The key need not be resident: a model may be loaded, or
  /// loaded again, between a hold and its release.
  private var holds: [String: Int] = [:]
  private var clock = 0

  /// - Parameter budget: in bytes.
  package init(budget: Int) { self.budget = budget }

  /// The keys of the resident models.
  package var keys: [String] { residents.keys.sorted() }

  /// The most recently used model.
  package var latest: Model? { residents.values.max { $0.lastUse < $1.lastUse }?.model }

  /// A resident model.
  package func peek(_ key: String) -> Model? { residents[key]?.model }

  /// A resident model, which counts as used now.
  package mutating func use(_ key: String) -> Model? {
    clock += 1
    residents[key]?.lastUse = clock
    return residents[key]?.model
  }

  /// Uses a model and keeps it resident until `release`. A model that is not resident is kept once it is inserted.
  package mutating func hold(_ key: String) {
    holds[key, default: 0] += 1
    _ = use(key)
  }

  /// Whether a computation with a model is pending or running.
  package func isHeld(_ key: String) -> Bool { holds[key] != nil }

  /// Whether a model fits beside those with computations, or is resident. Alone, every model fits: the others can be
  /// unloaded.
  package func hasRoom(for key: String, bytes: Int) -> Bool {
    if residents[key] != nil { return true }
    let others = residents.filter { holds[$0.key] != nil }
    return others.isEmpty || others.values.reduce(bytes) { $0 + $1.bytes } <= budget
  }

  /// Ends a hold, if there is one.
  /// - Returns: the models that are unloaded now.
  package mutating func release(_ key: String) -> [Model] {
    if let count = holds[key] { holds[key] = count > 1 ? count - 1 : nil }
    return shrink(to: budget)
  }

  /// Unloads models until another one of `bytes` fits.
  /// - Returns: the unloaded models.
  package mutating func makeRoom(for bytes: Int) -> [Model] {
    shrink(to: budget - bytes, sparesLatest: false)
  }

  /// Adds a model, used now, unless the key is taken.
  /// - Returns: the model under the key.
  package mutating func insert(_ key: String, _ model: Model, bytes: Int) -> Model {
    if let known = use(key) { return known }
    residents[key] = Resident(model: model, bytes: bytes, lastUse: clock)
    return model
  }

  private mutating func shrink(to limit: Int, sparesLatest: Bool = true) -> [Model] {
    var left: [Model] = []
    let spared = sparesLatest ? residents.values.map(\.lastUse).max() : nil
    while residents.values.reduce(0, { $0 + $1.bytes }) > limit {
      let idle = residents.filter { holds[$0.key] == nil && $0.value.lastUse != spared }
      guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
      residents[oldest.key] = nil
      left.append(oldest.value.model)
    }
    return left
  }
}
