import Conversation
import Testing

/// Reasoning between tags, for every division of the output.
struct ReasoningParserTests {
  private static let tags = ReasoningParser.Tags(open: "<think>", close: "</think>")

  private func run(_ pieces: [String], startsInside: Bool = false) -> String {
    var parser = ReasoningParser(tags: Self.tags, startsInside: startsInside)
    let parts = pieces.flatMap { parser.process($0) }
    return marked(parts + parser.finish())
  }

  @Test(arguments: [
    ("<think>\nhm hm\n</think>\n\nHello", false, "|r:hm hm|a:Hello"),
    ("hm</think>\n\nHello", true, "|r:hm|a:Hello"),
    ("Hello <b>you</b> </thin x", false, "|a:Hello <b>you</b> </thin x"),
    ("<think></think>Hello", false, "|a:Hello"), ("<think>\n\n</think>\n\nHello\n", false, "|a:Hello\n"),
    ("<think>never ends", false, "|r:never ends"), ("a < b <thinking> c", false, "|a:a < b <thinking> c"),
    ("x\n\n<think>y</think>z", false, "|a:x\n\n<think>y</think>z"), ("", false, ""), ("", true, ""),
    ("<", false, "|a:<"),
    ("<think", false, "|a:<think"), ("<think>é😀\ny</think>ü", false, "|r:é😀\ny|a:ü"),
    ("<<think>a</</think>b", false, "|a:<<think>a</</think>b"),
    ("\n <think>a</</think>b", false, "|r:a</|a:b"),
    ("<think>a</think>Use <think> and </think> tags.", false, "|r:a|a:Use <think> and </think> tags."),
    ("a</think>See `<think>`", true, "|r:a|a:See `<think>`"),
    ("<think>a</think>\n<think>b</think>c", false, "|r:ab|a:c"),
    ("line\n\n  next", false, "|a:line\n\n  next"), ("</think>\n\nHello", false, "|a:Hello"),
    ("\n</think>Hello </think>", false, "|a:Hello </think>"),
  ])
  func everyDivisionGivesTheSameResult(text: String, startsInside: Bool, expected: String) {
    #expect(run([text], startsInside: startsInside) == expected)
    #expect(run(text.map(String.init), startsInside: startsInside) == expected)
    for index in text.indices {
      #expect(run([String(text[..<index]), String(text[index...])], startsInside: startsInside) == expected)
    }
  }

  @Test func textIsEmittedAtOnce() {
    var parser = ReasoningParser(tags: Self.tags)
    #expect(parser.process("Hello <").map(\.text) == ["Hello <"])
    #expect(parser.process("b>x").map(\.text) == ["b>x"])
    var opening = ReasoningParser(tags: Self.tags)
    #expect(opening.process(" <thi").isEmpty)
    #expect(opening.process("s>x").map(\.text) == [" <this>x"])
  }

  /// The model's own special token opens reasoning anywhere; the same text does not.
  @Test func aSpecialTokenOpensReasoningInAnAnswer() {
    var parser = ReasoningParser(tags: Self.tags)
    var parts = parser.process("Hello\n")
    parts += parser.process("<think>", endsWithOpeningToken: true)
    parts += parser.process("hm</think>you")
    parts += parser.finish()
    #expect(parts.map(\.channel) == [.answer, .reasoning, .answer])
    #expect(parts.map(\.text) == ["Hello\n", "hm", "you"])
  }

  @Test(arguments: [
    ("{{ '<think>' }}", "<think>"), ("x </think> y", "<think>"), ("[/THINK]", "[THINK]"), ("plain", nil),
    ("</seed:think>", "<seed:think>"),
  ])
  func tagsAreFoundInTemplates(template: String, expected: String?) {
    #expect(ReasoningParser.Tags.used(in: template)?.open == expected)
  }

  @Test(arguments: [
    ("x<think>\n", true), ("x<think>", true), ("<think>x", false), ("", false),
    ("<think>\n\n</think>\n\n", false),
  ])
  func openPromptsAreDetected(prompt: String, expected: Bool) {
    #expect(Self.tags.isOpen(atEndOf: prompt) == expected)
  }
}
