import Basics
import TerminalInterface
import Testing

@Suite struct ComposerLayoutTests {
  private func rows(_ text: String, _ width: Int) -> [String] {
    let layout = ComposerLayout(Draft(text), width: width)
    return layout.rows.indices.map { layout.line($0).text }
  }

  @Test(arguments: [
    ("", 10, [""]), ("hello", 10, ["hello"]), ("one two three", 8, ["one two", "three"]),
    ("one\ntwo", 10, ["one", "two"]), ("one\n", 10, ["one", ""]), ("abcdefghij", 5, ["abcd", "efgh", "ij"]),
    ("漢字漢字", 5, ["漢字", "漢字"]), ("a\tb", 10, ["a   b"]),
  ])
  func layout(_ text: String, _ width: Int, _ expected: [String]) {
    // A space stays on the row that it ends; the comparison ignores it.
    let got = rows(text, width).map { $0.trimmingSpaces }
    #expect(got == expected.map(\.trimmingSpaces))
  }

  /// Each row has a column for the cursor, positions are in order, and rows contain every element once.
  @Test func randomDraftsAreLaidOutCompletely() {
    var generator = SplitMix64(seed: 11)
    for _ in 0..<300 {
      var draft = Draft(hostileText(&generator, pieces: 25))
      let width = Int.random(in: 6...30, using: &generator)
      draft.move(to: Int.random(in: 0...draft.elements.count, using: &generator))
      let layout = ComposerLayout(draft, width: width)
      #expect(layout.rows.flatMap { Array($0) } == Array(draft.elements.indices))
      #expect(layout.places.count == draft.elements.count + 1)
      for row in layout.rows.indices where layout.rows[row].count > 1 {
        #expect(
          layout.line(row).columns <= width, "width \(width): \(layout.line(row).text.debugDescription)")
      }
      for index in draft.elements.indices {
        let place = layout.places[index]
        #expect(layout.rows[place.row].contains(index))
        let before = layout.rows[place.row].prefix { $0 < index }
        if before.isEmpty { #expect(place.column == 0) }
      }
      #expect(layout.cursor == layout.places[draft.cursor])
    }
  }
}

extension String {
  var trimmingSpaces: String {
    var text = self[...]
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
