import Basics
import Compute
import Models

/// A sequence as stored on disk: its ledger, the content of its caches, and the logits after its last token.
///
/// Immutable. It is created on the generator's thread without copying and written on any other thread while
/// generation continues.
public struct StoredPrompt: Sendable {
  /// The token ids that the caches hold.
  public let ledger: [Int32]
  /// The logits after the last token, if they are known. When read from a file, the caller must check their number
  /// against the model's vocabulary.
  public let logits: [Float]?
  /// One image per cache.
  public let caches: [CacheImage]

  /// A prompt of these parts.
  public init(ledger: [Int32], logits: [Float]?, caches: [CacheImage]) {
    self.ledger = ledger
    self.logits = logits
    self.caches = caches
  }

  /// The current content of a sequence.
  public init(_ state: SequenceState, ledger: [Int32], logits: [Float]? = nil) {
    self.init(ledger: ledger, logits: logits, caches: state.image())
  }

  /// A new sequence that resumes from the stored one, without copying.
  /// - Parameter caches: a model's empty caches (`makeCaches()`).
  /// - Throws: `PromptFileError.doesNotFit` if they belong to another model.
  public func state(in caches: [any LayerCache]) throws(PromptFileError) -> SequenceState {
    let state = SequenceState(caches: caches)
    do { try state.restore(self.caches) } catch { throw .doesNotFit(error) }
    guard state.length == ledger.count else {
      throw .damaged("\(ledger.count) tokens beside caches of \(state.length)")
    }
    return state
  }

  /// Bytes of the caches.
  public var bytes: Int { caches.reduce(0) { $0 + $1.bytes } }
}

/// Why a stored prompt can't be used or written. The user is not told: the prompt is prefilled again.
public enum PromptFileError: Error, CustomStringConvertible {
  /// The system failed to read or write the file, or it is not valid safetensors.
  case file(FileError)
  /// The file is of another version or kind, or from a machine with another byte order.
  case version(String)
  /// The file belongs to another model or key.
  case other(String)
  /// The content is corrupt; the text says where.
  case damaged(String)
  /// The caches have other sizes or another number format than the model's.
  case doesNotFit(CacheImageError)
  /// The save was cancelled.
  case interrupted
  /// The prompt alone exceeds the store's limit.
  case tooLarge(bytes: Int, limit: Int)

  /// One line.
  public var description: String { printable(text, limit: 2000) }

  private var text: String {
    switch self {
    case .file(let error): "\(error.file): \(error.place.isEmpty ? "" : error.place + ": ")\(error.problem)"
    case .version(let found): "a prompt file of \(found)"
    case .other(let found): "a prompt file of \(found)"
    case .damaged(let place): "a damaged prompt file: \(place)"
    case .doesNotFit(let error): "a prompt file that does not fit the model: \(error)"
    case .interrupted: "a prompt file that was not finished"
    case .tooLarge(let bytes, let limit): "\(bytes) bytes to store where \(limit) are allowed"
    }
  }

  /// Whether the file is useless for its key and should be removed.
  var isFinal: Bool {
    if case .file(let error) = self { return error.kind == .damaged || error.kind == .truncated }
    return switch self {
    case .tooLarge, .interrupted: false
    default: true
    }
  }
}
