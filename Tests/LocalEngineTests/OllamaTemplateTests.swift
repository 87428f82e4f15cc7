import Basics
import LocalEngine
import Templates
import Testing

/// The Jinja templates that replace the Go templates of Ollama's manifests.
@Suite struct OllamaTemplateTests {
  private static let messages: JSON = [
    ["role": "system", "content": "S"], ["role": "user", "content": "Q"],
    ["role": "assistant", "content": "A"],
    ["role": "user", "content": "R"],
  ]

  /// Parts of Go templates as Ollama's library has them, with the prompts that the families' own templates make.
  @Test(arguments: [
    (
      "{{ .System }}<|im_start|>user\n{{ .Prompt }}<|im_end|>",
      "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
        + "<|im_start|>user\nR<|im_end|>\n<|im_start|>assistant\n"
    ),
    (
      "<start_of_turn>user\n{{ .Prompt }}<end_of_turn>",
      "<bos><start_of_turn>user\nS\n\nQ<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n"
        + "<start_of_turn>user\nR<end_of_turn>\n<start_of_turn>model\n"
    ),
    (
      "<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n{{ .Content }}<|eot_id|>",
      "<bos><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
        + "Q<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nR<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    ),
    (
      "[INST] <<SYS>>{{ .System }}<</SYS>>\n\n{{ .Prompt }} [/INST]",
      "<bos>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A<eos>[INST] R [/INST]"
    ),
    (
      "[INST] {{ if .System }}{{ .System }} {{ end }}{{ .Prompt }} [/INST]",
      "<bos>[INST] S\n\nQ [/INST] A<eos>[INST] R [/INST]"
    ),
    (
      "<|user|>\n{{ .Prompt }}<|end|>\n<|assistant|>\n{{ .Response }}<|end|>",
      "<bos><|system|>\nS<|end|>\n<|user|>\nQ<|end|>\n<|assistant|>\nA<|end|>\n<|user|>\nR<|end|>\n<|assistant|>\n"
    ),
    (
      "<|user|>\n{{ .Prompt }}</s>\n<|assistant|>",
      "<|system|>\nS</s>\n<|user|>\nQ</s>\n<|assistant|>\nA</s>\n<|user|>\nR</s>\n<|assistant|>\n"
    ),
    ("{{ .System }}\nUSER: {{ .Prompt }}\nASSISTANT:", "<bos>S USER: Q ASSISTANT: A</s>USER: R ASSISTANT:"),
    (
      "<｜User｜>{{ .Content }}<｜Assistant｜>",
      "<bos>S<｜User｜>Q<｜Assistant｜>A<｜end▁of▁sentence｜><｜User｜>R<｜Assistant｜>"
    ),
  ])
  func theFamilyOfAGoTemplateRenders(go: String, expected: String) throws {
    let family = try #require(OllamaTemplate.family(of: go))
    let template = try ChatTemplate(source: family.source)
    let text = try template.render(
      messages: Self.messages, tools: nil, addGenerationPrompt: true,
      variables: ["bos_token": "<bos>", "eos_token": "<eos>"])
    #expect(text == expected)
  }

  @Test func allFamiliesParse() throws {
    for family in OllamaTemplate.allCases {
      let text = try ChatTemplate(source: family.source).render(
        messages: Self.messages, tools: nil, addGenerationPrompt: true,
        variables: ["bos_token": "", "eos_token": ""])
      for content in ["S", "Q", "A", "R"] { #expect(text.contains(content), "\(family)") }
    }
    #expect(OllamaTemplate.family(of: "{{ .Prompt }}") == nil)
  }
}
