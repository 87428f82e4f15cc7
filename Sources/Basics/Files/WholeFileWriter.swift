import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Writes a file atomically: the bytes go to a partial file in the same folder, which `finish` renames. Without `finish`,
/// or if it fails, the previous file stays.
///
/// `finish` does not flush to the disk (no fsync): after a power failure the file may exist without its content.
package final class WholeFileWriter {
  /// The suffix of the names of partial files; leftovers of crashes are recognised by it.
  package static let partialSuffix = ".partial"
  /// A partial file without writes for this many seconds counts as a leftover of a crash.
  package static let abandonedAfter = 600.0

  private let path: String
  private let partialPath: String
  private let descriptor: Int32
  private var isOpen: Bool
  private static let writers = Atomic<Int>(0)

  /// Creates the partial file. A link at `path` is followed, so that it stays a link.
  /// - Parameter permissions: the mode of the file, as for chmod.
  /// - Throws: `unreadable` or `notFound` if the file cannot be created.
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
  /// - Throws: `unreadable` if the write fails, for example on a full disk.
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

  /// Renames the partial file to the final name.
  /// - Throws: `unreadable` if that fails; the partial file is removed.
  package func finish() throws(FileError) {
    isOpen = false
    guard close(descriptor) == 0, rename(partialPath, path) == 0 else {
      let code = errno
      unlink(partialPath)
      throw .writing(code, path)
    }
  }

  /// Writes a whole file.
  /// - Throws: `unreadable` or `notFound` if that fails; the previous file stays.
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

/// The system call `write`, which the method of the same name hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
