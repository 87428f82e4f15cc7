import Generation
import Testing

struct StopMatcherTests {
  struct Case: Sendable {
    var stops: [String]
    var pieces: [String]
    var shown: String
    var stopped: Bool
  }

  @Test(arguments: [
    Case(stops: [], pieces: ["any", "thing"], shown: "anything", stopped: false),
    Case(stops: ["STOP"], pieces: ["a ST", "OP b"], shown: "a ", stopped: true),
    Case(stops: ["STOP"], pieces: ["a ST", "AR"], shown: "a STAR", stopped: false),
    Case(stops: ["\n\n"], pieces: ["x\n", "y\n", "\nz"], shown: "x\ny", stopped: true),
    Case(stops: ["ab", "abc"], pieces: ["1a", "bc2"], shown: "1", stopped: true),
    Case(stops: ["é!"], pieces: ["caf", "é", "?"], shown: "café?", stopped: false),
    Case(stops: ["aab"], pieces: ["a", "a", "a", "b"], shown: "a", stopped: true),
    Case(stops: [""], pieces: ["kept"], shown: "kept", stopped: false),
    Case(stops: ["end"], pieces: ["the en"], shown: "the en", stopped: false),
  ])
  func showsTextUpToTheStop(_ example: Case) {
    var matcher = StopMatcher(example.stops)
    var shown = ""
    var stopped = false
    for piece in example.pieces where !stopped {
      let result = matcher.feed(piece)
      shown += result.text
      stopped = result.stopped
    }
    shown += matcher.flush()
    #expect(shown == example.shown)
    #expect(stopped == example.stopped)
  }

  @Test func holdsBackNoMoreThanNeeded() {
    var matcher = StopMatcher(["<end>"])
    #expect(matcher.feed("text <").text == "text ")
    #expect(matcher.feed("b>").text == "<b>")
  }
}
