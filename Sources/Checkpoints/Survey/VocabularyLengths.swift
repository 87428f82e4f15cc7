import Basics
import Synchronization

/// The sizes of the vocabularies that a listing has walked over. The quantisations of a model, and most models of a family,
/// have the same vocabulary, whose 5 MB need not be read again to find what follows it.
///
/// A size is only a proposal: `GGUFSurvey` checks what follows.
package final class VocabularyLengths: Sendable {
  /// What equal arrays of strings have in common.
  struct Key: Hashable {
    let count: Int
    /// A hash of the first bytes.
    let start: UInt64
  }

  /// No sizes yet.
  package init() {}

  private static let maxProposals = 4
  private let known = Mutex<[Key: [Int]]>([:])

  /// The sizes of arrays with this key in bytes, the most recent last.
  func proposals(_ key: Key) -> [Int] { known.withLock { $0[key] ?? [] } }

  /// Notes the size of an array.
  func add(_ key: Key, _ bytes: Int) {
    known.withLock {
      var sizes = $0[key] ?? []
      guard !sizes.contains(bytes) else { return }
      if sizes.count == Self.maxProposals { sizes.removeFirst() }
      $0[key] = sizes + [bytes]
    }
  }
}
