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

/// Reads the last `limit` bytes of a file as UTF-8 with invalid bytes replaced; `isComplete` tells whether that is the
/// whole file. Nil when it cannot be read.
package func readEnd(_ path: String, limit: Int) -> (text: String, isComplete: Bool)? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  guard fseek(file, 0, SEEK_END) == 0 else { return nil }
  let size = ftell(file)
  guard size >= 0, size < Int.max, fseek(file, max(0, size - limit), SEEK_SET) == 0 else { return nil }
  var bytes = [UInt8](repeating: 0, count: min(size, limit))
  let count = fread(&bytes, 1, bytes.count, file)
  if ferror(file) != 0 { return nil }
  return (String(decoding: bytes[..<count], as: UTF8.self), size <= limit)
}
