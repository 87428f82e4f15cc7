import Basics
import Compute
import Models

/// A sequence as it is kept on disk: its ledger, what its caches hold, and the logits after its last token.
///
/// A value that never changes, whatever becomes of the sequence: it is made on the generator's thread, which
/// copies nothing, and written on any other while generation goes on. One that was read lies in the mapped file.
public struct StoredPrompt: Sendable {
  /// The token ids that the caches hold.
  public let ledger: [Int32]
  /// The logits after the last token, if they were kept. Read from a file, their number is what the file
  /// says: hold it against the model's vocabulary.
  public let logits: [Float]?
  /// One a layer.
  public let caches: [CacheImage]

  /// A prompt of these parts.
  public init(ledger: [Int32], logits: [Float]?, caches: [CacheImage]) {
    self.ledger = ledger
    self.logits = logits
    self.caches = caches
  }

  /// What a sequence holds now.
  public init(_ state: SequenceState, ledger: [Int32], logits: [Float]? = nil) {
    self.init(ledger: ledger, logits: logits, caches: state.image())
  }

  /// A new sequence that goes on where the stored one was; nothing is copied.
  /// - Parameter caches: a model's empty caches (`makeCaches()`).
  /// - Throws: `PromptFileError.doesNotFit` where they are of another model.
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

/// Why a stored prompt cannot be used or written. None of this is the person's concern: the prompt is read anew.
public enum PromptFileError: Error, CustomStringConvertible {
  /// The system would not read or write it, or it is no safetensors file that makes sense.
  case file(FileError)
  /// It is of another version of Sotto, of another kind, or of a machine with another byte order.
  case version(String)
  /// It is of another model or for another key.
  case other(String)
  /// The content is not what was written; the text says where.
  case damaged(String)
  /// The caches are of other sizes or another number format than the model's.
  case doesNotFit(CacheImageError)
  /// Somebody had no more time for it.
  case interrupted
  /// The store's limit would be exceeded by this prompt alone.
  case tooLarge(bytes: Int, limit: Int)

  /// One line.
  public var description: String {
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

  /// Whether the file is of no use to anyone who asks for it by the same key, so it may as well go.
  var isFinal: Bool {
    if case .file(let error) = self { return error.kind == .damaged || error.kind == .truncated }
    return switch self {
    case .tooLarge, .interrupted: false
    default: true
    }
  }
}
