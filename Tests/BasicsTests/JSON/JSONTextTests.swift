import Basics
import TestSupport
import Testing

@Suite struct JSONTextTests {
  static let styles: [String: JSONStyle] = [
    "default": JSONStyle(),
    "utf8": JSONStyle(ensureASCII: false),
    "compact": .compact,
    "indent": JSONStyle(indent: 2, sortKeys: true),
    "wide": JSONStyle(indent: 4, itemSeparator: " ,", keySeparator: " : ", ensureASCII: false),
  ]

  /// The output is identical to that of Python's json.dumps in each style.
  @Test(arguments: styles.keys.sorted()) func writesAsPython(style: String) throws {
    for entry in try #require(try Fixture.json("json/styles.json").asArray) {
      let value = try JSON(parsing: try entry.string("text"))
      let written = value.text(try #require(Self.styles[style]))
      #expect(Array(written.utf8) == Array(try entry.string(style).utf8))
    }
  }

  /// Over 500 numbers, mostly with random bits, and Python's repr of each.
  @Test func writesNumbersAsPython() throws {
    let cases = try #require(try Fixture.json("json/floats.json").asArray)
    #expect(cases.count > 500)
    for entry in cases {
      let bits = try #require(entry[0]?.asString.flatMap { UInt64($0) })
      let text = try #require(entry[1]?.asString)
      #expect(PythonFloat.repr(Double(bitPattern: bits)) == text)
      // The parser restores the same number.
      if let read = try? JSON(parsing: text).asNumber { #expect(read.bitPattern == bits) }
    }
  }

  @Test func writesNaNAndInfinity() {
    #expect(PythonFloat.repr(.nan) == "nan")
    #expect(PythonFloat.repr(-.infinity) == "-inf")
    #expect(JSON.array([.number(.nan), .number(.infinity)]).text() == "[NaN,Infinity]")
  }
}
