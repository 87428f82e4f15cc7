import TerminalInterface
import Testing

/// Blocks of raw HTML, as far as CommonMark's examples do not cover them.
@Suite struct HTMLBlockTests {
  private func rows(_ markdown: String) -> [String] {
    var text = StreamedText(role: .text)
    text.update(markdown, width: 60, isFinal: true)
    return (0..<text.count).map { text[$0].text }
  }

  @Test func aBlockIsShownAsWrittenWithItsIndents() {
    #expect(
      rows("<div>\n  <b>*a*</b> &amp; `b`\n</div>\n\n*after*")
        == ["<div>", "  <b>*a*</b> &amp; `b`", "</div>", "", "after"])
    #expect(rows("<script>\nlet a = b * c * d;\n\n# e\n</script>\n# f").contains("let a = b * c * d;"))
  }

  @Test func markdownFollowsAnEmptyLine() {
    #expect(
      rows("<details>\n<summary>Why</summary>\n\nSo, **really**.\n\n</details>")
        == ["<details>", "<summary>Why</summary>", "", "So, really.", "", "</details>"])
  }

  /// Models put their own tags around Markdown.
  @Test func unknownTagsAreText() {
    #expect(rows("<answer>\nIt is **42**.\n</answer>") == ["<answer>", "It is 42.", "</answer>"])
  }

  @Test func aCodeFenceEndsABlock() {
    #expect(rows("<div>\n```c\nint x;\n```\n</div>").contains("  c · /copy 1"))
    #expect(rows("<pre>\n```c\n</pre>") == ["<pre>", "```c", "</pre>"])
  }

  @Test func blocksInListsAndQuotes() {
    #expect(rows("- <div>\n  *a*\n  </div>\n- b") == ["• <div>", "  *a*", "  </div>", "• b"])
    #expect(rows("> <div>\n> *a*\n\n*b*") == ["▎ <div>", "▎ *a*", "", "b"])
  }
}
