#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads at most `limit` bytes of a file as UTF-8 with invalid bytes replaced. Nil when it cannot be read.
package func readText(_ path: String, limit: Int) -> String? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 16384)
  while bytes.count < limit {
    let count = fread(&chunk, 1, min(chunk.count, limit - bytes.count), file)
    if count == 0 { break }
    bytes.append(contentsOf: chunk[..<count])
  }
  if ferror(file) != 0 { return nil }
  return String(decoding: bytes, as: UTF8.self)
}

/// Writes a file atomically, with mode 0600 if `isPrivate`: on failure an existing file is unchanged. Returns an error
/// message; nil on success.
package func writeText(_ text: String, to path: String, isPrivate: Bool = false) -> String? {
  let target = resolvingLinks(path)
  let partial = "\(target).\(getpid()).partial"
  let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, isPrivate ? 0o600 : 0o644)
  guard descriptor >= 0 else { return String(cString: strerror(errno)) }
  var problem = writeAll(Array(text.utf8), to: descriptor)
  if close(descriptor) != 0, problem == nil { problem = String(cString: strerror(errno)) }
  if problem == nil, rename(partial, target) != 0 { problem = String(cString: strerror(errno)) }
  if problem != nil { unlink(partial) }
  return problem
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> String? {
  var bytes = bytes[...]
  while !bytes.isEmpty {
    let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if written < 0 && errno == EINTR { continue }
    if written <= 0 { return String(cString: strerror(errno)) }
    bytes = bytes.dropFirst(written)
  }
  return nil
}

/// The target of a symbolic link; the path itself if it is no link.
private func resolvingLinks(_ path: String) -> String {
  guard let resolved = realpath(path, nil) else { return path }
  defer { free(resolved) }
  return String(cString: resolved)
}
