import Compute

/// A decoder that turns token ids into logits. One owner uses it; it holds no state of any sequence.
///
/// The work of a forward pass grows with its tokens; logits cost extra only for the rows asked for.
public protocol LanguageModel: AnyObject {
  /// What the outside needs to know of the shape.
  var facts: ModelFacts { get }
  /// Empty caches for a new sequence, one a layer.
  func makeCaches() -> [any LayerCache]
  /// Runs `input` through all layers and appends it to its sequences' caches.
  /// - Returns: logits [number of `input.outputs`, vocabulary].
  func forward(_ input: ForwardInput) throws -> Tensor
}

/// A model's shape, as far as others need it.
public struct ModelFacts: Sendable {
  /// `model_type` as config.json names it.
  public var architecture: String
  /// Columns of the logits.
  public var vocabularyCount: Int
  /// Positions that the model was made for.
  public var contextLength: Int
  /// Layers.
  public var layerCount: Int
  /// What a token costs.
  public var work: TokenWork

  /// Facts with these values.
  public init(
    architecture: String, vocabularyCount: Int, contextLength: Int, layerCount: Int, work: TokenWork
  ) {
    self.architecture = architecture
    self.vocabularyCount = vocabularyCount
    self.contextLength = contextLength
    self.layerCount = layerCount
    self.work = work
  }
}

/// The caches of one sequence, one a layer, all of the same length.
public final class SequenceState {
  /// One a layer.
  public let layers: [any LayerCache]

  /// A state of these caches.
  public init(layers: [any LayerCache]) { self.layers = layers }

  /// Positions processed.
  public var length: Int { layers.first?.length ?? 0 }
  /// Bytes held by the caches.
  public var bytes: Int { layers.reduce(0) { $0 + $1.bytes } }

  /// Bytes that the caches will hold at `length` positions.
  public func expectedBytes(at length: Int) -> Int { layers.reduce(0) { $0 + $1.expectedBytes(at: length) } }

  /// Bytes that a fork which is kept comes to hold alone once the sequence has gone on: the layers that
  /// cannot be cut back.
  public var snapshotBytes: Int {
    layers.reduce(0) { $1.keepsEveryPosition ? $0 : $0 + $1.expectedBytes(at: .max / 2) }
  }

  /// Whether every layer can always be cut back to every earlier length.
  public var keepsEveryPosition: Bool { layers.allSatisfy(\.keepsEveryPosition) }

  /// Calls `body` with every block of memory that the caches hold; see `LayerCache.forEachBlock`.
  public func forEachBlock(_ body: (_ block: AnyObject, _ bytes: Int) -> Void) {
    for layer in layers { layer.forEachBlock(body) }
  }

  /// Whether every layer can be cut back to this length.
  public func canTruncate(to length: Int) -> Bool {
    length <= self.length && layers.allSatisfy { $0.canTruncate(to: length) }
  }

  /// Forgets positions from `length` on; the caller has asked `canTruncate(to:)`.
  public func truncate(to length: Int) {
    for layer in layers { layer.truncate(to: length) }
  }

  /// Cuts back the layers that a pass which failed left further on than `length`.
  /// - Returns: false where a layer cannot be cut back to it; the state is of no use then.
  public func settle(at length: Int) -> Bool {
    guard layers.allSatisfy({ $0.canTruncate(to: length) }) else { return false }
    truncate(to: length)
    return true
  }

  /// An independent state with the same content; pages are shared.
  public func fork() -> SequenceState { SequenceState(layers: layers.map { $0.fork() }) }

  /// What every layer holds now, to be saved by anyone at any time; pages are shared, nothing is copied.
  public func image() -> [CacheImage] { layers.map { $0.image() } }

  /// Takes in what the caches of an equal model held; these must be empty.
  /// - Throws: `CacheImageError` where an image does not fit its layer; no layer has changed then.
  public func restore(_ images: [CacheImage]) throws(CacheImageError) {
    guard images.count == layers.count else { throw .layers(images.count, expected: layers.count) }
    let length = images.first?.length ?? 0
    for (index, image) in images.enumerated() {
      do throws(CacheImageError) {
        guard image.length == length else { throw .lengths(image.length, expected: length) }
        try layers[index].validate(image)
      } catch { throw .layer(index, error) }
    }
    for (layer, image) in zip(layers, images) { try layer.restore(image) }
  }
}

/// Tokens of one or more sequences for one forward pass, the rows of each sequence one after another.
public struct ForwardInput {
  /// All rows' token ids.
  public let tokens: [Int32]
  /// The sequences that the rows belong to, in order.
  public let sequences: [SequenceState]
  /// Rows of each sequence.
  public let counts: [Int]
  /// The rows whose logits are wanted.
  public let outputs: [Int]
  /// Position of each row in its sequence.
  public let positions: [Int32]
  /// Asked once a layer; when it says true, the pass ends there with `Interrupted` and the sequences are
  /// to be thrown away, since some of their layers have gone on and others have not.
  public var isInterrupted: (() -> Bool)?

  /// - Parameters: as the properties of the same names; positions follow from what the caches hold.
  public init(tokens: [Int32], sequences: [SequenceState], counts: [Int], outputs: [Int]) {
    self.tokens = tokens
    self.sequences = sequences
    self.counts = counts
    self.outputs = outputs
    var positions: [Int32] = []
    positions.reserveCapacity(tokens.count)
    for (sequence, count) in zip(sequences, counts) {
      let start = Int32(sequence.length)
      for i in 0..<Int32(count) { positions.append(start + i) }
    }
    self.positions = positions
  }

  /// One sequence; logits for the last token alone, or for all.
  public init(tokens: [Int32], sequence: SequenceState, allLogits: Bool = false) {
    let last = tokens.count - 1
    self.init(
      tokens: tokens, sequences: [sequence], counts: [tokens.count],
      outputs: allLogits ? Array(0...last) : [last])
  }

  /// The rows whose logits are wanted; the last layer's feed-forward block and the head see only these.
  func selectOutputs(_ x: Tensor, on backend: any Backend) -> Tensor {
    outputs.count == x.rows ? x : backend.rows(x, outputs)
  }

  /// The attention caches of one layer, sequence by sequence.
  /// - Throws: `Interrupted` when the pass is to end; `ModelError.foreignState`.
  func keyValueCaches(layer: Int) throws -> [any KeyValueCache] {
    try caches(layer: layer) { $0 as? any KeyValueCache }
  }

  /// The states of one recurrent layer, sequence by sequence.
  /// - Throws: `Interrupted` when the pass is to end; `ModelError.foreignState`.
  func recurrentCaches(layer: Int) throws -> [any RecurrentCache] {
    try caches(layer: layer) { $0 as? any RecurrentCache }
  }

  private func caches<Cache>(layer: Int, _ convert: (any LayerCache) -> Cache?) throws -> [Cache] {
    if isInterrupted?() == true { throw Interrupted() }
    return try sequences.map { sequence in
      guard layer < sequence.layers.count, let cache = convert(sequence.layers[layer]) else {
        throw ModelError.foreignState(layer: layer)
      }
      return cache
    }
  }
}

/// Ends a forward pass that nobody waits for any more; the sequences that it was given are spoilt.
public struct Interrupted: Error {}
