import TerminalInterface
import Testing

@Suite struct SyntaxTests {
  /// The roles of a line's parts, without the parts that have none.
  private func roles(_ line: String, _ language: String) -> [String] {
    SyntaxHighlighter.highlight(line, language: language, state: .code).0
      .filter { $0.style.role != .code }.map { "\($0.text):\($0.style.role.rawValue.dropFirst(5))" }
  }

  @Test(arguments: [
    ("swift", "let x = 1 // one", ["let:keyword", "1:number", "// one:comment"]),
    ("c", "#include <stdio.h>", ["#include:keyword"]),
    ("lua", "local n = #t -- length", ["local:keyword", "-- length:comment"]),
    ("python", "def f(): return \"s\"", ["def:keyword", "return:keyword", "\"s\":string"]),
    (
      "json", "\"key\": \"value\", \"n\": null",
      ["\"key\":keyword", "\"value\":string", "\"n\":keyword", "null:keyword"]
    ),
    ("yaml", "build-args: 3 # three", ["build-args:keyword", "3:number", "# three:comment"]),
    ("html", "<div class=\"a\">div</div>", ["div:keyword", "\"a\":string", "div:keyword"]),
    ("haskell", "let x = {- c -} y", ["let:keyword", "{- c -}:comment"]),
    ("sql", "Select 1 FROM t", ["Select:keyword", "1:number", "FROM:keyword"]),
    ("clojure", "(defn f [x] x) ; c", ["defn:keyword", "; c:comment"]),
  ])
  func languages(_ language: String, _ line: String, _ expected: [String]) {
    #expect(roles(line, language) == expected)
  }

  @Test func thereAreManyLanguages() {
    #expect(SyntaxTable.count >= 50)
    #expect(Syntax.named("Rust") != nil && Syntax.named("nonsense") == nil)
  }
}
