import Basics
import TerminalInterface
import Testing

/// Rows without a transcript.
struct FakeRows: TranscriptRows {
  var counts: [Int]

  var entryCount: Int { counts.count }

  func rowCount(_ index: Int) -> Int { counts.indices.contains(index) ? counts[index] : 0 }

  /// The number of rows before a top.
  func offset(_ top: ScrollPosition.Top) -> Int { counts[..<top.entry].reduce(0, +) + top.row }
}

@Suite struct ScrollPositionTests {
  /// Compares scrolling with an offset that is clamped between the start and the last page.
  @Test func agreesWithPlainArithmetic() {
    var generator = SplitMix64(seed: 4)
    for _ in 0..<200 {
      let rows = FakeRows(
        counts: (0..<Int.random(in: 1...8, using: &generator)).map { _ in
          Int.random(in: 1...12, using: &generator)
        })
      let total = rows.counts.reduce(0, +)
      let height = Int.random(in: 1...20, using: &generator)
      var position = ScrollPosition.live
      var offset = max(0, total - height)
      for _ in 0..<20 {
        let amount = Int.random(in: -15...15, using: &generator)
        position = position.scrolled(by: amount, rows, height: height)
        offset = min(max(0, offset + amount), max(0, total - height))
        #expect(rows.offset(position.top(rows, height: height)) == offset)
        if amount > 0 && offset == max(0, total - height) { #expect(position == .live) }
      }
    }
  }

  @Test func newTextDoesNotMoveTheView() {
    var rows = FakeRows(counts: [10, 10])
    let position = ScrollPosition.live.scrolled(by: -5, rows, height: 6)
    let before = position.top(rows, height: 6)
    rows.counts[1] += 100
    rows.counts.append(50)
    let after = position.top(rows, height: 6)
    #expect((before.entry, before.row) == (after.entry, after.row))
    #expect(position.scrolled(by: 1000, rows, height: 6) == .live)
  }

  @Test func aNewWidthKeepsThePlace() {
    let position = ScrollPosition.fixed(.init(entry: 1, row: 40, entryRows: 100))
    #expect(
      position.reflowed(FakeRows(counts: [5, 200])) == .fixed(.init(entry: 1, row: 80, entryRows: 200)))
    #expect(position.reflowed(FakeRows(counts: [5, 50])) == .fixed(.init(entry: 1, row: 20, entryRows: 50)))
    #expect(ScrollPosition.live.reflowed(FakeRows(counts: [5])) == .live)
  }

  @Test func anEmptyTranscriptStaysLive() {
    #expect(ScrollPosition.live.scrolled(by: -5, FakeRows(counts: []), height: 5) == .live)
  }
}
