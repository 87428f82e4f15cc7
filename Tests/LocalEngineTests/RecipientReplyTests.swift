import Basics
import Conversation
import LocalEngine
import TestSupport
import Testing

/// The reply of a model whose messages have recipients, from its tokens: thoughts do not show as answers, and the end of a
/// message does not end the reply.
struct RecipientReplyTests {
  private static let template = """
    {%- for message in messages -%}
    {%- if message.reasoning_content -%}
    {{- '<|start|>assistant to=self<|message|>' + message.reasoning_content + '<|eom|>' -}}
    {%- endif -%}
    {{- '<|start|>' + message.role + (' to=user' if message.role == 'assistant' else '') -}}
    {{- '<|message|>' + message.content + '<|eot|>' -}}
    {%- endfor -%}
    {%- if add_generation_prompt -%}{{- '<|start|>assistant' -}}{%- endif -%}
    """

  private func model() throws -> OpenedModel {
    let folder = try TemporaryFolder()
    let tokens = ["\u{120}", "="] + (97..<123).map { String(UnicodeScalar($0)) } + ["R", "A"]
    let specials = ["<|start|>", "<|message|>", "<|eom|>", "<|eot|>"].enumerated().map { index, text in
      [
        "id": .integer(tokens.count + index), "content": .string(text), "special": true, "normalized": false,
      ] as JSON
    }
    var vocabulary = JSONObject()
    for (id, token) in tokens.enumerated() { vocabulary[token] = .integer(id) }
    let bytes: JSON = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
    let tokenizer: JSON = [
      "added_tokens": .array(specials), "pre_tokenizer": bytes, "decoder": bytes,
      "model": ["type": "BPE", "vocab": .object(vocabulary), "merges": .array([])],
    ]
    _ = try folder.write("config.json", #"{"model_type": "llama"}"#)
    _ = try folder.write("tokenizer.json", tokenizer.text())
    _ = try folder.write("chat_template.jinja", Self.template)
    return try OpenedModel(path: folder.path, cache: nil)
  }

  @Test func thoughtsAreNotAnswers() throws {
    let model = try model()
    var turn = try model.turn(messages: [["role": "user", "content": "a"]])
    let output = " to=self<|message|>R<|eom|><|start|>assistant to=user<|message|>A"
    var parts: [(channel: Channel, text: String)] = []
    for id in model.tokenizer.encode(output, addSpecial: false, parseSpecial: true) {
      #expect(!model.tokenizer.endOfGenerationTokens.contains(id))
      parts += turn.reader.process(id: id, text: model.tokenizer.decode([id], skipSpecial: true))
    }
    parts += turn.reader.finish()
    #expect(parts.map(\.channel) == [.reasoning, .answer])
    #expect(parts.map(\.text) == ["R", "A"])
    let end = try #require(model.tokenizer.id(of: "<|eot|>"))
    #expect(model.tokenizer.endOfGenerationTokens == [end])
    let closing = model.tokenizer.encode(
      "<|eom|><|start|>assistant to=user<|message|>", addSpecial: false, parseSpecial: true)
    #expect(turn.thoughtLimit?.closing == closing)
  }
}
