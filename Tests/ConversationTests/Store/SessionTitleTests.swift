import Conversation
import Testing

/// Titles in the replies of models.
@Suite struct SessionTitleTests {
  @Test(
    arguments: [
      ("Salt in the Sea", "Salt in the Sea"),
      ("\"Salt in the Sea\"", "Salt in the Sea"),
      ("  **Title: Salt in the Sea.**\n\nThis title says", "Salt in the Sea"),
      ("Title:\nWhy the Sea Is Salt?", "Why the Sea Is Salt?"),
      ("# Salt\n", "Salt"), ("- `ls -la` in bash", "ls -la` in bash"), ("«Соль в море»", "Соль в море"),
      ("海水为什么是咸的", "海水为什么是咸的"), ("\n\n---\nC++ and\tRust\n", "C++ and Rust"),
      ("\u{1B}[31mRed\u{7} alert\u{202E}", "[31mRed alert"),
      ("👨‍👩‍👧 Family", "👨‍👩‍👧 Family"),
      ("", nil), ("...", nil), ("**\n**", nil),
      ("I would call this conversation a talk about why the water of the sea is salt", nil),
      (String(repeating: "a", count: 61), nil), (SessionTitle.request, nil),
      ("Give our conversation a title", nil),
    ] as [(String, String?)])
  func titles(_ reply: String, _ expected: String?) {
    #expect(SessionTitle.proposed(reply) == expected)
  }
}
