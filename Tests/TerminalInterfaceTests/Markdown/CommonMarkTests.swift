import Foundation
import TerminalInterface
import Testing

/// CommonMark's own test suite, as far as a terminal shows what it says (Fixtures/commonmark.json, made by
/// Tests/Scripts/make_commonmark_cases.py).
@Suite struct CommonMarkTests {
  /// The examples that are shown in another way, with the reason. A listed example that holds is a failure too.
  static let deviations: [(reason: String, examples: [Int])] = [
    (
      "The tags of bold text, line breaks and the like have their effect.",
      [
        165, 166, 167, 168, 494,
      ]
    ),
    (
      "A bullet indented by two columns belongs to the numbered item before it, as many models write.",
      [
        297
      ]
    ),
    (
      "A tag that HTML does not know starts no block, as models write Markdown between tags of their own.",
      [
        163
      ]
    ),
    (
      "A code fence ends a block of raw HTML, so that code after a tag is shown as code.",
      [
        161
      ]
    ),
    (
      "A label with a plain word after it, such as [Alice]: Hello, is text.",
      [
        194, 203, 204,
      ]
    ),
    (
      "The backslash-bracket starts mathematics.",
      [
        12, 14,
      ]
    ),
    (
      "An address needs no brackets.",
      [
        602, 608, 611,
      ]
    ),
    (
      "In brackets, an address has two slashes, so that vector<std::string> is a type.",
      [
        598, 601,
      ]
    ),
  ]

  private struct Case {
    let number: Int
    let text: String
    let rows: [String]
  }

  private static func cases() throws -> [Case] {
    let data = Data(try TestFiles.fixture("commonmark.json").utf8)
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let cases = try #require(object["cases"] as? [[Any]])
    return try cases.map { fields in
      Case(
        number: try #require(fields[0] as? Int), text: try #require(fields[1] as? String),
        rows: try #require(fields[2] as? [String]))
    }
  }

  @Test func examplesHold() throws {
    let listed = Set(Self.deviations.flatMap(\.examples))
    #expect(listed.count == Self.deviations.flatMap(\.examples).count, "an example is listed twice")
    let cases = try Self.cases()
    #expect(cases.count == 652)
    for example in cases {
      let rows = MarkdownRows.of([example.text])
      if listed.contains(example.number) {
        #expect(rows != example.rows, "example \(example.number) holds: take it off the list")
      } else {
        #expect(rows == example.rows, "example \(example.number): \(example.text.debugDescription)")
      }
    }
  }

  /// Every example, divided at each place, and scalar by scalar.
  @Test func portionsDoNotMatter() throws {
    for example in try Self.cases() {
      let whole = MarkdownRows.of([example.text])
      let scalars = example.text.unicodeScalars.map { String($0) }
      var divisions = scalars.indices.map { place in
        [scalars[..<place].joined(), scalars[place...].joined()]
      }
      divisions.append(scalars)
      for portions in divisions {
        #expect(MarkdownRows.of(portions) == whole, "example \(example.number): \(portions)")
      }
    }
  }
}
