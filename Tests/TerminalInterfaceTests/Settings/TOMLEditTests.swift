import Basics
import TOMLKit
import TerminalInterface
import Testing

@Suite struct TOMLEditTests {
  /// A document, the key, its new value (nil removes it), and the expected document.
  @Test(arguments: [
    ("", "a", "1", "a = 1\n"),
    ("a = 0", "a", "1", "a = 1"),
    ("a = 0\n", "b", "1", "a = 0\nb = 1\n"),
    ("a = 0", "b", "1", "a = 0\nb = 1\n"),
    ("# head\n\na = 0  # why\nb = 2\n", "a", "1", "# head\n\na = 1  # why\nb = 2\n"),
    ("\"a\" = \"x # y\"\n", "a", "1", "\"a\" = 1\n"),
    ("  a\t=\t'x'\t# t\n", "a", "1", "  a\t=\t1\t# t\n"),
    ("a = [\n  1, # one\n  2,\n]\nb = 1\n", "a", "[]", "a = []\nb = 1\n"),
    ("s = \"\"\"\na = 0\n\"\"\"\na = 5\n", "a", "1", "s = \"\"\"\na = 0\n\"\"\"\na = 1\n"),
    ("s = '''\na = 0 ''' \n", "a", "1", "s = '''\na = 0 ''' \na = 1\n"),
    ("s = \"\\\"\\\\\"\na = 5\n", "a", "1", "s = \"\\\"\\\\\"\na = 1\n"),
    ("a = 0\n\n# a table\n[t]\na = 7\n", "b", "1", "a = 0\nb = 1\n\n# a table\n[t]\na = 7\n"),
    ("[t]\na = 7\n", "a", "1", "a = 1\n[t]\na = 7\n"),
    ("a = 0\r\nb = 1\r\n", "a", "2", "a = 2\r\nb = 1\r\n"),
    ("a = 0\nb = 1\n", "a", nil, "b = 1\n"),
    ("a = 0 # why\nb = 1\n", "a", nil, "# why\nb = 1\n"),
    ("b = 1\na = 0", "a", nil, "b = 1\n"),
    ("b = 1\n", "a", nil, "b = 1\n"),
  ])
  func edits(_ text: String, _ key: String, _ value: String?, _ expected: String) throws {
    var edit = TOMLEdit(text)
    if let value { edit.set(key, to: value) } else { edit.remove(key) }
    #expect(edit.text == expected)
    let table = try TOMLDocument.parse(edit.text)
    #expect((table[key] != nil) == (value != nil))
  }

  /// An edit changes one value of a random valid document and keeps all others, according to the TOML parser.
  @Test func otherValuesStay() throws {
    var generator = SplitMix64(seed: 4)
    let values = [
      "1", "2.5", "true", "\"x\"", "\"a # b\"", "'it''s'", "[1, 2]", "[ # c\n 'a',\n 'b' ]",
      "\"\"\"x\ny = 2\n\"\"\"",
      "'''\n# z = 1\n'''", "{ q = 1 }", "\"\\\"\"", "[[1], ['=']]",
    ]
    let gaps = ["", "# note\n", "\n\n", "  # c = 3\n"]
    for _ in 0..<300 {
      var text = ""
      for key in ["k1", "k2", "k3", "k4"] {
        guard let value = values.randomElement(using: &generator) else { continue }
        text += (gaps.randomElement(using: &generator) ?? "") + "\(key) = \(value)"
        text += ["", " # end"].randomElement(using: &generator) ?? ""
        text += "\n"
      }
      if Bool.random(using: &generator) { text += "[table]\nk2 = 9\n" }
      guard let before = try? TOMLDocument.parse(text) else { continue }
      var edit = TOMLEdit(text)
      edit.set("k2", to: "\"new\"")
      let after = try TOMLDocument.parse(edit.text)
      #expect(after["k2"]?.string == "new", "\(edit.text)")
      for key in before.keys where key != "k2" {
        #expect(before[key]?.tomlValue == after[key]?.tomlValue, "\(key) in \(edit.text)")
      }
      #expect(text.count { $0 == "#" } - (text.contains("k2 = [ # c") ? 1 : 0) >= 0)
    }
  }

  /// Any text gives a document without a crash.
  @Test func hostileDocuments() {
    var generator = SplitMix64(seed: 5)
    for _ in 0..<500 {
      var edit = TOMLEdit(hostileText(&generator, pieces: 30))
      edit.set("a", to: "1")
      edit.remove("x")
    }
  }
}
