#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Reads a regular file sequentially into private memory.
///
/// For files that other processes may truncate or overwrite at any time, such as cache files: the bytes that were read
/// and checked cannot change afterwards. It costs a copy; `MappedFile` makes none, but requires an unchanged file.
package final class FileReader {
  /// The path of the file, as given.
  package let path: String
  /// The size of the file in bytes at the time of opening.
  package let count: Int

  private let descriptor: Int32
  private var remaining: Int

  /// Opens a file.
  /// - Throws: `notFound` or `unreadable`.
  package init(_ path: String) throws(FileError) {
    self.path = path
    (descriptor, count) = try openRegularFile(path)
    remaining = count
  }

  deinit { close(descriptor) }

  /// The next `count` bytes, aligned to 64 bytes for vector instructions.
  /// - Throws: `truncated` if fewer bytes remain.
  package func read(_ count: Int) throws(FileError) -> Bytes {
    // Checked before the allocation, because the count may come from the file.
    guard count <= remaining else { throw truncated }
    let memory = OwnedMemory(count: count)
    var done = 0
    while done < count {
      let chunk = systemRead(descriptor, memory.pointer + done, count - done)
      if chunk < 0, errno == EINTR { continue }
      guard chunk >= 0 else { throw .system(errno, path) }
      // The file was truncated after it was opened.
      guard chunk > 0 else { throw truncated }
      done += chunk
    }
    remaining -= count
    return memory.bytes
  }

  /// The whole content of a small file; nil if there is no such file, it cannot be read, or it has more than `limit`
  /// bytes. Cheaper than mapping it.
  package static func content(of path: String, limit: Int) -> Bytes? {
    guard let file = try? FileReader(path), file.count <= limit else { return nil }
    return try? file.read(file.count)
  }

  private var truncated: FileError {
    FileError(.truncated, file: path, "the file has only \(count) bytes")
  }
}

/// Opens a regular file for reading.
/// - Throws: `notFound` or `unreadable`.
func openRegularFile(_ path: String) throws(FileError) -> (descriptor: Int32, count: Int) {
  // Opening a named pipe without O_NONBLOCK would block.
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw cannotOpen(errno, path) }
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

extension FileError {
  /// The error for a link to a file of a model that does not exist.
  package static func brokenLink(_ path: String) -> FileError {
    FileError(
      .incomplete, file: path, "the link points to a file that does not exist",
      advice: "download the file again")
  }
}

/// The error for a file that cannot be opened. A link to a missing file, as in a Hugging Face cache whose blobs were
/// deleted, is not the same as a missing file.
private func cannotOpen(_ code: Int32, _ path: String) -> FileError {
  var status = stat()
  guard code == ENOENT, lstat(path, &status) == 0 else { return .system(code, path) }
  return .brokenLink(path)
}

/// The system call `read`, which the method of the same name hides.
private func systemRead(_ descriptor: Int32, _ target: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, target, count)
}
