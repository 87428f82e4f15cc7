/// What is wrong with an error's message to the user; nil for a useful one.
package func fault(inMessage text: String) -> String? {
  if text.allSatisfy(\.isWhitespace) { return "empty" }
  if text.utf8.count > 20_000 { return "\(text.utf8.count) bytes" }
  if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }) {
    return "control characters: \(text.debugDescription)"
  }
  // Reflected Swift values: `Type(field: ...)`, `Optional(...)`, `Swift.DecodingError`.
  for sign in [
    "Optional(", "Swift.", "Basics.", "Compute.", "Foundation.", "Error(", "NSCocoa", "Sotto.", "JSONError",
    "FileError", "0x0000",
  ]
  where text.contains(sign) {
    return "a Swift value: \(text)"
  }
  return nil
}
