import Foundation
import TerminalInterface
import Testing

/// CommonMark's own test suite, as far as a terminal shows what it says (Fixtures/commonmark.json, made by
/// Tests/Scripts/make_commonmark_cases.py).
@Suite struct CommonMarkTests {
  /// The examples that are shown in another way, with the reason. A listed example that holds is a failure too.
  static let deviations: [(reason: String, examples: [Int])] = [
    (
      "HTML blocks are paragraphs: their tags are literal text, and the Markdown between them is parsed.",
      [
        148, 150, 151, 155, 156, 158, 159, 161, 162, 163, 164, 165, 166, 167, 168, 169, 170,
        171, 172, 176, 177, 178, 179, 180, 182, 183, 184, 185, 186, 189, 191,
      ]
    ),
    (
      "Link reference definitions are literal text: in a streamed answer, most of them come after their use.",
      [
        192, 193, 194, 195, 196, 198, 200, 202, 203, 204, 205, 206, 207, 208, 210, 211, 214,
        215, 216, 217, 218, 527, 528, 529, 530, 531, 532, 533, 534, 535, 536, 537, 538, 539,
        540, 541, 542, 543, 544, 545, 549, 550, 553, 554, 555, 556, 557, 558, 559, 560, 561,
        562, 563, 564, 565, 566, 567, 568, 569, 570, 571, 582, 583, 584, 585, 586, 587, 588,
        589, 591, 592, 593,
      ]
    ),
    (
      "Open: inline syntax.",
      [
        12, 14, 18, 21, 22, 23, 25, 26, 31, 32, 33, 36, 39, 40, 335, 336, 337, 342, 344, 348,
        349, 367, 391, 392, 397, 398, 400, 401, 404, 419, 442, 444, 445, 454, 456, 457, 471,
        475, 476, 477, 480, 481, 486, 489, 492, 493, 494, 495, 498, 499, 500, 503, 505, 508,
        510, 515, 516, 517, 518, 519, 520, 524, 525, 526, 573, 574, 575, 576, 577, 579, 580,
        596, 597, 598, 599, 601, 602, 604, 605, 608, 611, 616, 618, 630, 631, 640, 641, 642, 643,
      ]
    ),
    (
      "Open: containers, indentation and tabs.",
      [
        1, 2, 3, 5, 6, 7, 8, 10, 11, 42, 48, 49, 61, 69, 70, 81, 82, 83, 85, 87, 91, 92, 93, 95,
        100, 101, 107, 110, 111, 112, 114, 115, 116, 117, 118, 121, 128, 134, 137, 225, 231,
        232, 233, 234, 236, 237, 238, 247, 250, 251, 252, 253, 254, 255, 257, 263, 264, 268,
        270, 271, 272, 273, 274, 276, 278, 279, 280, 285, 286, 287, 288, 289, 290, 292, 293,
        295, 297, 298, 299, 300, 304, 309, 310, 311, 312, 313, 317, 318, 320, 321, 324,
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
