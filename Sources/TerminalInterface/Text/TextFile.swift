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
