#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A regular file that is read from front to back into memory of the reader's own.
///
/// For what others may shorten or overwrite at any time, such as the files of a cache: whatever becomes of the file,
/// what was read stays as it was checked. Costs a copy; `MappedFile` costs none, and bears no such change.
package final class FileReader {
  /// The path it was opened by.
  package let path: String
  /// The file's size in bytes when it was opened.
  package let count: Int

  private let descriptor: Int32
  private var left: Int

  /// Opens a file.
  /// - Throws: `notFound` or `unreadable`.
  package init(_ path: String) throws(FileError) {
    self.path = path
    (descriptor, count) = try openRegularFile(path)
    left = count
  }

  deinit { close(descriptor) }

  /// The next `count` bytes, aligned for vectors.
  /// - Throws: `truncated` where the file ends before that.
  package func read(_ count: Int) throws(FileError) -> Bytes {
    // Before the memory is taken: the number may come from the file.
    guard count <= left else { throw truncated }
    let memory = OwnedMemory(count: count)
    var done = 0
    while done < count {
      let portion = systemRead(descriptor, memory.pointer + done, count - done)
      if portion < 0, errno == EINTR { continue }
      guard portion >= 0 else { throw .system(errno, path) }
      // It was shortened since it was opened.
      guard portion > 0 else { throw truncated }
      done += portion
    }
    left -= count
    return memory.bytes
  }

  private var truncated: FileError {
    FileError(.truncated, file: path, "the file has only \(count) bytes")
  }
}

/// Opens a regular file for reading.
/// - Throws: `notFound` or `unreadable`.
func openRegularFile(_ path: String) throws(FileError) -> (descriptor: Int32, count: Int) {
  // Not blocking, so that a named pipe cannot hang the program.
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw .system(errno, path) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else {
    let code = errno
    close(descriptor)
    throw .system(code, path)
  }
  guard status.st_mode & S_IFMT == S_IFREG else {
    close(descriptor)
    throw FileError(.unreadable, file: path, "not a regular file", advice: "give the path of a file")
  }
  return (descriptor, Int(status.st_size))
}

/// The system's `read`, which the method of that name hides.
private func systemRead(_ descriptor: Int32, _ target: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, target, count)
}
