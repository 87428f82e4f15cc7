import Models

/// A model that the generator has taken over. All but `loaded` may be asked from any thread.
final class ResidentModel: @unchecked Sendable {
  /// For the generator's thread alone.
  let loaded: LoadedModel
  let facts: ModelFacts
  /// Bytes of weights.
  let bytes: Int
  /// Whether its caches can be cut back to every length.
  let keepsEveryPosition: Bool

  init(_ loaded: sending LoadedModel) {
    facts = loaded.model.facts
    bytes = loaded.bytes
    keepsEveryPosition = SequenceState(caches: loaded.model.makeCaches()).keepsEveryPosition
    self.loaded = loaded
  }
}

/// The models in memory. When another one comes, those that were not used for longest leave until it fits the
/// budget. One that computes, or was asked to, stays until that is done, and the one that was used last stays
/// anyway: for that long, more than the budget may be in memory.
package struct ResidentModels<Model> {
  private struct Resident {
    let model: Model
    let bytes: Int
    var lastUse: Int
    /// Computations that were asked for and are not over.
    var holds = 0
  }

  /// Bytes of weights that may be in memory together.
  private let budget: Int
  private var residents: [String: Resident] = [:]
  private var clock = 0

  /// - Parameter budget: in bytes.
  package init(budget: Int) { self.budget = budget }

  /// The keys of the models in memory.
  package var keys: [String] { residents.keys.sorted() }

  /// The model that was used last.
  package var latest: Model? { residents.values.max { $0.lastUse < $1.lastUse }?.model }

  /// A model in memory.
  package func peek(_ key: String) -> Model? { residents[key]?.model }

  /// A model in memory, used now.
  package mutating func use(_ key: String) -> Model? {
    clock += 1
    residents[key]?.lastUse = clock
    return residents[key]?.model
  }

  /// Uses a model, which stays until it is released.
  package mutating func hold(_ key: String) {
    residents[key]?.holds += 1
    _ = use(key)
  }

  /// Ends a hold.
  /// - Returns: the models that leave now.
  package mutating func release(_ key: String) -> [Model] {
    residents[key]?.holds -= 1
    return shrink(to: budget)
  }

  /// Lets models leave until another one of `bytes` fits.
  /// - Returns: those that left.
  package mutating func makeRoom(for bytes: Int) -> [Model] {
    shrink(to: budget - bytes, sparesLatest: false)
  }

  /// Takes a model in, used now. One that is there under the key stays in its place.
  /// - Returns: the model that is there.
  package mutating func insert(_ key: String, _ model: Model, bytes: Int) -> Model {
    if let known = use(key) { return known }
    residents[key] = Resident(model: model, bytes: bytes, lastUse: clock)
    return model
  }

  private mutating func shrink(to limit: Int, sparesLatest: Bool = true) -> [Model] {
    var left: [Model] = []
    let spared = sparesLatest ? residents.values.map(\.lastUse).max() : nil
    while residents.values.reduce(0, { $0 + $1.bytes }) > limit {
      let idle = residents.filter { $0.value.holds == 0 && $0.value.lastUse != spared }
      guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
      residents[oldest.key] = nil
      left.append(oldest.value.model)
    }
    return left
  }
}
