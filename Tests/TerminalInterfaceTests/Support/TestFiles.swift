import Basics

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The files of the tests.
enum TestFiles {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  static let root = folder.deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ url: URL) throws -> String { String(decoding: try Data(contentsOf: url), as: UTF8.self) }

  static func fixture(_ name: String) throws -> String {
    try text(folder.appendingPathComponent("Fixtures/\(name)"))
  }

  /// A new empty folder; the caller removes it.
  static func temporaryFolder() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("sotto-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }
}

/// Random text with characters that are difficult for terminals.
func hostileText(_ generator: inout SplitMix64, pieces: Int) -> String {
  let parts = [
    "a", "word ", "  ", "\n", "\n\n", "\t", "漢字", "e\u{301}", "👨‍👩‍👧", "🇩🇪", "❤️", "\u{1B}[31m", "\u{7}", "\r\n",
    "\u{9B}", "\u{202E}",
    "**", "*", "_", "`", "```\n", "~~~", "[x](", ")", "](y)", "|", "|--|--|\n", "- ", "1. ", "> ", "# ",
    "---\n", "<", "&amp;",
    "https://a.b/c", "\\", "\u{200D}", "\u{FE0F}", "\u{0}", "مرحبا", "\u{1F3FD}", "!", "\u{2028}", "=\n",
    "x = \"y\" // z\n",
  ]
  return (0..<pieces).reduce(into: "") { text, _ in text += parts.randomElement(using: &generator) ?? "" }
}
