import Basics
import Testing

@Suite struct JSONParserTests {
  /// 1,500 mutated texts with the result of Python's json module for each: a value or an error.
  @Test func agreesWithPython() throws {
    let cases = try #require(try Fixture.json("json/verdicts.json").asArray)
    #expect(cases.count == 1500)
    for entry in cases {
      let bytes = hexadecimal(try entry.string("hex"))
      let style = JSONStyle(itemSeparator: ",", keySeparator: ":")
      let found = (try? JSON(parsing: bytes))?.text(style)
      #expect(found == entry["expected"]?.asString, "\(String(decoding: bytes, as: UTF8.self))")
    }
  }

  @Test(arguments: [
    ("{\"a\": 1,\n \"b\" 2}", 2, 6, "expected ':' after the key"),
    ("[1, 2", 1, 6, "expected ',' or ']'"),
    ("[1, 2,]", 1, 7, "expected a value"),
    ("{\"a\": \"x\ny\"}", 1, 9, "a control character inside a string must be escaped"),
    ("\n\n\"abc", 3, 1, "the string is not closed"),
    ("01", 1, 1, "a number has a leading zero"),
    ("[1.]", 1, 4, "expected a digit after the decimal point"),
    ("[1e]", 1, 4, "expected a digit in the exponent"),
    ("\"\\x\"", 1, 2, "unknown escape in a string"),
    ("{} {}", 1, 4, "expected the end of the text"),
    ("", 1, 1, "the text ends where a value should be"),
  ])
  func errorsHavePositionAndProblem(text: String, line: Int, column: Int, problem: String) throws {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
    guard case .syntax(let foundProblem, let foundLine, let foundColumn, _)? = error else {
      Issue.record("no syntax error")
      return
    }
    #expect(foundProblem == problem)
    #expect(foundLine == line)
    #expect(foundColumn == column)
  }

  @Test(
    arguments: [
      [0x22, 0x61, 0xFF, 0x22], [0x22, 0x61, 0xC0, 0x80, 0x22], [0x22, 0x61, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0x61, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x61, 0xE6, 0x97, 0x22],
      [0x22, 0x61, 0xFF, 0x5C, 0x6E, 0x22],
    ] as [[UInt8]])
  func refusesInvalidUTF8(bytes: [UInt8]) {
    #expect(throws: JSONError.syntax(problem: "invalid UTF-8", line: 1, column: 3, offset: 2)) {
      try JSON(parsing: bytes)
    }
  }

  @Test func limitsDepth() throws {
    let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
    #expect(try JSON(parsing: deep).asArray?.count == 1)
    #expect(throws: JSONError.self) { try JSON(parsing: "[" + deep + "]") }
    #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[{\"a\":", count: 1_000_000)) }
  }

  @Test func keepsIntegersExact() throws {
    #expect(try JSON(parsing: "9223372036854775807") == .integer(.max))
    #expect(try JSON(parsing: "-9223372036854775808") == .integer(.min))
    #expect(try JSON(parsing: "9223372036854775808") == .number(9223372036854775808))
    #expect(try JSON(parsing: "1e2") == .number(100))
    #expect(try JSON(parsing: "1.0") != .integer(1))
  }

  @Test func combinesSurrogates() throws {
    #expect(try JSON(parsing: #""\ud83d\ude00""#) == "😀")
    #expect(try JSON(parsing: #""\ud83dx""#) == "\u{FFFD}x")
    #expect(try JSON(parsing: #""\ude00\ud83d""#) == "\u{FFFD}\u{FFFD}")
    #expect(try JSON(parsing: #""\ud83d\u0041""#) == "\u{FFFD}A")
  }

  /// Swift's `String` compares these two keys as equal.
  @Test func canonicallyEquivalentKeysAreDistinct() throws {
    let object = try #require(try JSON(parsing: "{\"\u{e9}\": 1, \"e\u{301}\": 2}").asObject)
    #expect(object.count == 2)
    #expect(object["\u{e9}"] == 1)
    #expect(object["e\u{301}"] == 2)
    #expect(JSON.string("\u{e9}") != JSON.string("e\u{301}"))
  }
}

func hexadecimal(_ text: String) -> [UInt8] {
  let digits = Array(text.utf8)
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) ?? 0
  }
}
