import Conversation
import Testing

/// Messages to recipients, for every division of the output.
struct RecipientParserTests {
  private func run(_ pieces: [String], inside channel: Channel? = nil) -> String {
    var parser = RecipientParser(inside: channel)
    let parts = pieces.flatMap { parser.process($0) }
    return marked(parts + parser.finish())
  }

  @Test(arguments: [
    (" to=self<|message|>R<|eom|><|start|>assistant to=user<|message|>A", nil, "|r:R|a:A"),
    (" to=self<|message|>R", nil, "|r:R"), (" to=user<|message|>A\n<|eot|>", nil, "|a:A\n"),
    ("<|message|>A", nil, "|a:A"), ("plain <b>", nil, "|a:plain <b>"), ("toast", nil, "|a:toast"),
    (" to=self to", nil, "|a:to=self to"), (" to=self<|mess", nil, ""), ("", nil, ""),
    ("<|start|>assistant to=self<|message|>R", nil, "|r:R"),
    (
      " to=self<|message|>R<|eom|><|start|>assistant to=self<|message|>S<|eom|><|start|>assistant to=user<|message|>A",
      nil, "|r:R\n\nS|a:A"
    ),
    (
      " to=user<|message|>A<|eom|><|start|>assistant to=self<|message|>R<|eom|><|start|>assistant to=user<|message|>B",
      nil, "|a:A|r:R|a:\n\nB"
    ),
    (" to=f.g<|message|><atem:function_calls>", nil, "|a:<atem:function_calls>"),
    ("R<|eom|><|start|>assistant to=user<|message|>A", Channel.reasoning, "|r:R|a:A"),
    (" A <| B <|eo", Channel.answer, "|a: A <| B <|eo"),
    ("A<|eom|><|start|>assistant to=self<|message|>R", Channel.answer, "|a:A|r:R"),
    ("A<|eom|><|start|>assist", Channel.answer, "|a:A"),
  ])
  func everyDivisionGivesTheSameResult(text: String, inside channel: Channel?, expected: String) {
    #expect(run([text], inside: channel) == expected)
    #expect(run(text.map(String.init), inside: channel) == expected)
    for index in text.indices {
      #expect(run([String(text[..<index]), String(text[index...])], inside: channel) == expected)
    }
  }

  @Test func textIsEmittedAtOnce() {
    var parser = RecipientParser()
    #expect(parser.process(" to=user<|message|>Hello <").map(\.text) == ["Hello "])
    #expect(parser.process("b>x").map(\.text) == ["<b>x"])
  }

  @Test func theTemplateTellsTheForm() throws {
    let template = "{{- '<|start|>assistant to=self<|message|>' + message.reasoning_content + '<|eom|>' -}}"
    let tags = try #require(ReasoningParser.Tags.used(in: template))
    #expect(tags.areRecipients)
    #expect(tags.controlTexts.contains("<|message|>"))
    #expect(" to=self<|message|>" + "R" + tags.closingText == Self.whole)
    #expect(ReasoningParser.Tags.used(in: "{{ content + '<|eom|>' }}") == nil)
  }

  private static let whole = " to=self<|message|>R<|eom|><|start|>assistant to=user<|message|>"
}
