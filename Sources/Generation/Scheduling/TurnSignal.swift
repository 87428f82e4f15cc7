import Basics
import Foundation

/// Tells the batches of other processes that a user's turn computes, so that they pause as those of the same process do.
///
/// A process with a turn holds a shared lock on a file; a batch waits until no process holds one. The system releases
/// the lock of a process that ends. A check costs two system calls. Where the file can't be locked, batches don't pause.
/// For one thread at a time.
package final class TurnSignal {
  /// Microseconds between two checks.
  private static let interval: UInt32 = 10_000

  private let descriptor: Int32
  private var isHeld = false

  /// - Parameter path: a file that all processes of the user share; it is created.
  /// - Returns: nil if it can't be opened.
  package init?(path: String) {
    try? FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
  }

  /// The file of a user.
  package static func file(_ folders: UserFolders = UserFolders()) -> String {
    FileSystem.join(folders.caches, "sotto/turn.lock")
  }

  deinit { close(descriptor) }

  /// Sets whether this process has a turn.
  package func set(_ hasTurn: Bool) {
    guard hasTurn != isHeld else { return }
    // A batch holds the lock for a moment only.
    while flock(descriptor, hasTurn ? LOCK_SH : LOCK_UN) != 0 { guard errno == EINTR else { return } }
    isHeld = hasTurn
  }

  /// Waits while another process has a turn.
  /// - Parameters:
  ///   - patience: the largest wait in seconds.
  ///   - isInterrupted: polled meanwhile.
  package func waitForOthers(patience: Double, _ isInterrupted: () -> Bool) {
    guard !isHeld else { return }
    let start = ContinuousClock.now
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR, !isInterrupted(),
        (ContinuousClock.now - start).seconds < patience
      else { return }
      usleep(Self.interval)
    }
    flock(descriptor, LOCK_UN)
  }
}
