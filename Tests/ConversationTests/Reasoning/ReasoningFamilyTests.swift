import Conversation
import Testing

/// The reasoning of every family that separates it by tags: what its chat template contains, how its prompts end, and
/// its output as the model writes it. Thoughts never show as answers.
struct ReasoningFamilyTests {
  struct Family: CustomTestStringConvertible, Sendable {
    let name: String
    /// A part of the chat template that has the tags.
    let template: String
    /// The end of the prompt.
    var prompt = ""
    let output: String
    var testDescription: String { name }
  }

  static let families = [
    Family(
      name: "Qwen 3, Qwen 3.5, SmolLM3, EXAONE 4, Ling, MiniMax M1",
      template: "{{- '<think>\\n' + reasoning_content + '\\n</think>\\n\\n' + content }}",
      output: "<think>\nR\n</think>\n\nA"),
    Family(
      name: "Qwen 3 with thinking, QwQ, MiniMax M2, StepFun, Nemotron Nano, Kimi K2 Thinking",
      template: "{%- set content = content.split('</think>')[-1] %}",
      prompt: "<|im_start|>assistant\n<think>\n",
      output: "R\n</think>\n\nA"),
    Family(
      name: "Qwen 3 without thinking", template: "'<think>\n\n</think>\n\n'",
      prompt: "assistant\n<think>\n\n</think>\n\n", output: "A"),
    Family(
      name: "DeepSeek R1 and V3.1", template: "{{'<｜Assistant｜><think>'}}", prompt: "<｜Assistant｜><think>",
      output: "R</think>A"),
    Family(
      name: "DeepSeek V3.1 without thinking", template: "{{'<｜Assistant｜></think>'}}",
      prompt: "<｜Assistant｜></think>", output: "A"),
    Family(
      name: "GLM 4.5 to 4.7", template: "{{- '<|assistant|>\n<think></think>\n' }}", prompt: "<|assistant|>",
      output: "\n<think>R</think>\nA"),
    Family(name: "GLM without thinking", template: "<think></think>", output: "\n</think>\nA"),
    Family(
      name: "Ministral 3 and Magistral", template: "{{- '[THINK]' + block['thinking'] + '[/THINK]' }}",
      output: "[THINK]R[/THINK]A"),
    Family(
      name: "Gemma 4", template: "{{- '<|channel>thought\n' + thinking_text + '\n<channel|>' -}}",
      prompt: "<|turn>model\n", output: "<|channel>thought\nR\n<channel|>A"),
    Family(
      name: "Gemma 4 without thinking", template: "'<|channel>thought\n<channel|>'",
      prompt: "<|turn>model\n<|channel>thought\n<channel|>", output: "A"),
    Family(
      name: "Seed-OSS", template: "{%- set think_begin_token = '<seed:think>' -%}",
      output: "<seed:think>\nR\n</seed:think>\n\nA"),
    Family(
      name: "Granite 3.2 and 3.3",
      template: "Write your thoughts between <think></think> and your response between <response></response>",
      output: "<think>R</think>\n<response>A</response>"),
    Family(
      name: "Hunyuan", template: "{% if '</think>' in c %}{{ c.split('<answer>')[1].split('</answer>')[0] }}",
      output: "<think>\nR\n</think>\n<answer>\nA\n</answer>"),
    Family(
      name: "MiniMax M3", template: "{%- set think_begin_token = '<mm:think>' -%}",
      output: "<mm:think>R</mm:think>A"),
    Family(name: "MiniMax M3 without thinking", template: "'<mm:think>'", output: "</mm:think>A"),
    Family(
      name: "Command A and Command R7B",
      template: "<|START_THINKING|>{{message.reasoning_content}}<|END_THINKING|>",
      output: "<|START_THINKING|>R<|END_THINKING|>A"),
    Family(
      name: "Command A with thinking", template: "{% if reasoning %}<|START_THINKING|>{% endif %}",
      prompt: "<|CHATBOT_TOKEN|><|START_THINKING|>", output: "R<|END_THINKING|>A"),
    Family(
      name: "Apertus", template: "{%- set inner_token = '<|inner_prefix|>' -%}",
      output: "<|inner_prefix|>R<|inner_suffix|>A"),
    Family(
      name: "EXAONE Deep", template: "'<thought>\n'", prompt: "[|assistant|]<thought>\n",
      output: "R\n</thought>\nA"),
    Family(
      name: "Apriel 1.6", template: "{# <thinking> #}response after the marker [BEGIN FINAL RESPONSE].",
      prompt: "<|begin_assistant|>\nHere are my reasoning steps:\n", output: "R\n[BEGIN FINAL RESPONSE]\nA"),
    Family(name: "Apriel 1.5", template: "<thinking></thinking>", output: "<thinking>R</thinking>\nA"),
    Family(
      name: "Hunyuan 3",
      template: "{%- set HYTK = ':opensource' %}{%- set begin = '<think{}>'.format(HYTK) %}",
      prompt: "<｜hy_Assistant:opensource｜><think:opensource>", output: "R</think:opensource>A"),
    Family(name: "Kimi-VL", template: "'◁think▷'", output: "◁think▷R◁/think▷A"),
    Family(name: "a model without reasoning", template: "{{ messages[0].content }}", output: "A"),
  ]

  @Test(arguments: families)
  func thoughtsAreNotAnswers(_ family: Family) throws {
    let tags = ReasoningParser.Tags.used(in: family.template)
    let text = family.output
    for length in [1, 2, 3, 7, text.count] {
      guard let tags else {
        #expect(!text.contains("R"))
        continue
      }
      var parser = ReasoningParser(tags: tags, startsInside: tags.isOpen(atEndOf: family.prompt))
      var parts: [(channel: Channel, text: String)] = []
      var rest = text[...]
      while !rest.isEmpty {
        parts += parser.process(String(rest.prefix(length)))
        rest = rest.dropFirst(length)
      }
      parts += parser.finish()
      let (thoughts, answer) = (
        parts.filter { $0.channel == .reasoning }, parts.filter { $0.channel == .answer }
      )
      #expect(thoughts.map(\.text).joined() == (text.contains("R") ? "R" : ""))
      #expect(answer.map(\.text).joined() == "A", "in pieces of \(length)")
    }
  }

  /// Text like the answer's tags, in an answer without them, stays.
  @Test func tagsOfTheAnswerAreDroppedOnlyInPairs() throws {
    let tags = try #require(ReasoningParser.Tags.used(in: "<think></think><response></response>"))
    var parser = ReasoningParser(tags: tags)
    var parts = parser.process("<think>R</think>Use <response> and </response>.")
    parts += parser.finish()
    #expect(parts.map(\.text).joined(separator: "|") == "R|Use <response> and </response>.")
  }
}
