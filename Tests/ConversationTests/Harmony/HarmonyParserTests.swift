import Conversation
import Testing

/// The streaming parser against openai-harmony on good output, and its recovery on bad output.
struct HarmonyParserTests {
  /// The text of each message.
  private struct Said: Equatable {
    var stream: HarmonyStream
    var text = ""
  }

  private func run(
    _ segments: [HarmonySegment], _ parser: HarmonyParser = HarmonyParser()
  ) -> (said: [Said], calls: [HarmonyCall], ending: HarmonyEnding?) {
    var parser = parser
    var events = segments.flatMap { parser.process($0) }
    events += parser.finish()
    var said: [Said] = []
    var calls: [HarmonyCall] = []
    var endings: [HarmonyEnding] = []
    for event in events {
      switch event {
      case .began(let stream): said.append(Said(stream: stream))
      case .text(let text, let stream):
        #expect(!text.isEmpty && said.last?.stream == stream)
        said[said.count - 1].text += text
      case .call(let call): calls.append(call)
      case .ended(let ending): endings.append(ending)
      }
    }
    #expect(endings.count == 1)
    return (said, calls, endings.first)
  }

  /// The same output in pieces of at most `size` code points, like tokens.
  private func pieces(_ segments: [HarmonySegment], size: Int) -> [HarmonySegment] {
    segments.flatMap { segment -> [HarmonySegment] in
      guard case .text(let text) = segment else { return [segment] }
      let scalars = Array(text.unicodeScalars)
      return stride(from: 0, to: scalars.count, by: size).map { start in
        var part = String.UnicodeScalarView()
        part.append(contentsOf: scalars[start..<min(start + size, scalars.count)])
        return .text(String(part))
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7, 1000])
  func outputsAreParsedAsByTheLibrary(size: Int) throws {
    for entry in try HarmonyFixture.load().array("parsed") {
      let result = run(pieces(HarmonyFixture.segments(entry["output"]), size: size))
      let expected = try entry.array("messages").map { message -> Said in
        let stream: HarmonyStream =
          if let recipient = message[1]?.asString { .call(recipient) } else {
            switch message[0]?.asString {
            case "analysis": .reasoning
            case "commentary": .preamble
            default: .answer
            }
          }
        return Said(stream: stream, text: message[3]?.asString ?? "")
      }
      #expect(result.said == expected, "\(entry.text())")
      let types = try entry.array("messages").filter { $0[1]?.asString != nil }.map {
        $0[2]?.asString?.replacing("<|constrain|>", with: "")
      }
      #expect(result.calls.map(\.contentType) == types)
    }
  }

  /// The assistant messages of the fixture are restored from their rendering.
  @Test(arguments: [1, 5])
  func renderedMessagesAreParsedBack(size: Int) throws {
    for entry in try HarmonyFixture.load().array("rendered") {
      let conversation = try HarmonyFixture.conversation(entry)
      for message in conversation.messages where message.author == .assistant {
        let segments = HarmonyRenderer.segments(of: [message], analysis: .kept, completing: false)
        let result = run(pieces(Array(segments.dropFirst(2)), size: size))
        guard case .text(let text) = message.content else { continue }
        let names: [String: HarmonyStream] = [
          "analysis": .reasoning, "final": .answer, "commentary": .preamble,
        ]
        let stream = message.recipient.map(HarmonyStream.call) ?? names[message.channel ?? ""]
        #expect(result.said == [Said(stream: try #require(stream), text: text)])
        if let recipient = message.recipient {
          #expect(result.calls == [HarmonyCall(recipient: recipient, arguments: text, contentType: "json")])
        }
      }
    }
  }

  /// Malformed output: the pieces, and the expected messages.
  @Test(arguments: [
    (["<|channel|>", "analysis", "<|message|>", "a", "<|channel|>", "final", "<|message|>", "b"], "r:a a:b"),
    (
      [
        "<|channel|>", "analysis", "<|message|>", "a", "<|start|>", "assistant", "<|channel|>", "final",
        "<|message|>", "b",
      ], "r:a a:b"
    ),
    (
      [
        "<|channel|>", "analysis", "<|message|>", "a", "<|end|>", "assistant", "<|channel|>", "final",
        "<|message|>", "b",
      ], "r:a a:b"
    ),
    (
      ["<|channel|>", "analysis", "<|message|>", "a", "<|end|>", "<|channel|>", "final", "<|message|>", "b"],
      "r:a a:b"
    ),
    (["<|channel|>", "analysis", "<|message|>", "a", "<|end|>", "<|message|>", "b"], "r:a a:b"),
    (["Hello there, friend", "!", "<|return|>"], "a:Hello there, friend!"),
    (["Hello", "<|return|>"], "a:Hello"),
    (["<|channel|>", "finalHello you\n", "more"], "a:Hello you\nmore"),
    (
      [
        "<|channel|>", "analysis", "<|end|>", "<|start|>", "assistant", "<|channel|>", "final", "<|message|>",
        "x",
      ], "a:x"
    ),
    (["<|channel|>", "final", "<|message|>", "a", "<|message|>", "b", "<|constrain|>", "c"], "a:abc"),
    (["<|message|>", "x", "<|end|>", "\n", "<|start|>", "assistant", "<|message|>", "y"], "a:x a:y"),
    (
      ["<|channel|>", "final", "<|message|>", "x", "<|end|>", "<|start|>", "user", "<|message|>", "y"], "a:x"
    ),
    (["<|channel|>", "final", "<|message|>", "x", "<|return|>", "y", "<|start|>", "z"], "a:x"),
    (["<|channel|>", "<|channel|>", "final", "<|message|>", "x"], "a:x"),
    (["<|start|>", "<|start|>", "assistant", "<|message|>", "x"], "a:x"),
    (["<|channel|>", "thoughts", "<|message|>", "x"], "a:x"),
    (["<|channel|>", "final", "<|reserved|>", "<|message|>", "x", "<|reserved|>", "y"], "a:xy"),
    (["<|end|>", "<|end|>", "<|channel|>", "final", "<|message|>", "x"], "a:x"),
    (["<|constrain|>", "json", "<|message|>", "x"], "a:x"),
    (["<|channel|>", "commentary", "<|message|>", "look", "<|end|>"], "p:look"),
    (["<|channel|>", "commentary to=functions.f", "<|message|>", "{", "<|start|>", "x"], "c:{ a:x"),
    ([], ""), (["<|end|>"], ""), (["<|channel|>", "final"], ""), (["   "], ""),
  ])
  func malformedOutputIsRecovered(pieces: [String], expected: String) {
    let segments = pieces.map { piece in
      HarmonyMarker(rawValue: piece).map(HarmonySegment.marker) ?? .text(piece)
    }
    let said = run(segments).said.map { said in
      switch said.stream {
      case .reasoning: "r:" + said.text
      case .answer: "a:" + said.text
      case .preamble: "p:" + said.text
      case .call: "c:" + said.text
      }
    }
    #expect(said.joined(separator: " ") == expected)
  }

  @Test(arguments: [
    (["<|channel|>", "final", "<|message|>", "x", "<|return|>"], HarmonyEnding.complete),
    (["<|channel|>", "final", "<|message|>", "x", "<|end|>"], .complete),
    (["<|channel|>", "final", "<|message|>", "x"], .cut),
    (["<|channel|>", "analysis", "<|message|>", "x", "<|end|>"], .cut),
    ([" to=f", "<|channel|>", "commentary", "<|message|>", "x", "<|call|>"], .call),
    (["<|end|>", "<|start|>", "user", "<|message|>", "x"], .strayRole), (["<|endoftext|>"], .complete),
  ])
  func theEndingIsReported(pieces: [String], expected: HarmonyEnding) {
    let segments = pieces.map { piece in
      HarmonyMarker(rawValue: piece).map(HarmonySegment.marker) ?? .text(piece)
    }
    #expect(run(segments).ending == expected)
  }

  /// Random sequences: no crash, one ending, and no marker in a text.
  @Test func randomOutputIsHarmless() {
    var random = SystemRandomNumberGenerator()
    let words = [
      "assistant", "final", "analysis", " to=functions.f", "json", "\n", "Hello ", "é", "user", " ", "to=",
      "commentary",
    ]
    for _ in 0..<5000 {
      let segments = (0..<Int.random(in: 0..<30, using: &random)).map { _ -> HarmonySegment in
        Bool.random(using: &random)
          ? .marker(HarmonyMarker.allCases.randomElement(using: &random) ?? .end)
          : .text(words.randomElement(using: &random) ?? "")
      }
      for said in run(segments).said { #expect(!said.text.contains("<|")) }
    }
  }

  @Test func anAnswerCanBeForced() {
    var parser = HarmonyParser()
    var events: [HarmonyEvent] = []
    for segment in [.marker(.channel), .text("analysis"), .marker(.message), .text("hm")]
      + HarmonyRenderer.answerNow
    {
      events += parser.process(segment)
    }
    #expect(events == [.began(.reasoning), .text("hm", .reasoning), .began(.answer)])
    #expect(parser.stream == .answer)
  }
}
