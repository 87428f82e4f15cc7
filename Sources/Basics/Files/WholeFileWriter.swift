import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Writes a file that appears under its name as a whole or not at all: the bytes go to a file beside it, which
/// `finish` renames. Without `finish`, or where that fails, what was there before stays.
///
/// The system may still hold the content in memory afterwards: after a loss of power the file may be there without it.
package final class WholeFileWriter {
  /// The end of the names of unfinished files. What a crash leaves behind is recognised by it.
  package static let partialSuffix = ".partial"
  /// Seconds without a write after which an unfinished file was left by a crash.
  package static let abandonedAfter = 600.0

  private let path: String
  private let partialPath: String
  private let descriptor: Int32
  private var isOpen: Bool
  private static let writers = Atomic<Int>(0)

  /// Creates the unfinished file. A link at `path` is followed, so that it stays a link.
  /// - Parameter permissions: of the file, as for chmod.
  /// - Throws: `unreadable` or `notFound` where the system refuses.
  package init(_ path: String, permissions: UInt16 = 0o644) throws(FileError) {
    self.path = FileSystem.canonical(path)
    let number = Self.writers.wrappingAdd(1, ordering: .relaxed).newValue
    partialPath = "\(self.path).\(getpid())-\(number)\(Self.partialSuffix)"
    descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(permissions))
    isOpen = descriptor >= 0
    guard isOpen else { throw .writing(errno, path) }
  }

  deinit {
    guard isOpen else { return }
    close(descriptor)
    unlink(partialPath)
  }

  /// Appends bytes.
  /// - Throws: `unreadable` where the system refuses, such as on a full disk.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let count = systemWrite(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      if count < 0 {
        if errno == EINTR { continue }
        throw .writing(errno, path)
      }
      written += count
    }
  }

  /// Gives the file its name.
  /// - Throws: `unreadable` where the system refuses; the unfinished file is removed then.
  package func finish() throws(FileError) {
    isOpen = false
    guard close(descriptor) == 0, rename(partialPath, path) == 0 else {
      let code = errno
      unlink(partialPath)
      throw .writing(code, path)
    }
  }

  /// Writes a whole file.
  /// - Throws: `unreadable` or `notFound` where the system refuses; what was there before stays then.
  package static func write(
    _ bytes: UnsafeRawBufferPointer, to path: String, permissions: UInt16 = 0o644
  ) throws(FileError) {
    let writer = try WholeFileWriter(path, permissions: permissions)
    try writer.write(bytes)
    try writer.finish()
  }

  /// Writes a text as a whole file, in UTF-8.
  /// - Throws: as the function for bytes.
  package static func write(
    _ text: String, to path: String, permissions: UInt16 = 0o644
  ) throws(FileError) {
    let result = Array(text.utf8).withUnsafeBytes { bytes in
      Result { () throws(FileError) in try write(bytes, to: path, permissions: permissions) }
    }
    try result.get()
  }
}

/// The system's `write`, which the method of that name hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
