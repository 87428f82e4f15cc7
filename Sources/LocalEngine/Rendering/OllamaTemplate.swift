/// The families of chat templates in Ollama's manifests. Those are in the language of Go's text/template, which Sotto does
/// not run: the tokens that a template uses tell its family, and the family's Jinja template replaces it.
package enum OllamaTemplate: CaseIterable {
  case chatML, gemma, llama3, granite, commandR, deepSeek, phi3, zephyr, glm4, llama2, mistral, alpaca, vicuna

  /// The family of a Go template; nil for one that is not known.
  package static func family(of template: String) -> OllamaTemplate? {
    allCases.first { $0.markers.allSatisfy { template.contains($0) } }
  }

  /// Texts that a template of this family contains and none of an earlier one does.
  private var markers: [String] {
    switch self {
    case .chatML: ["<|im_start|>", "<|im_end|>"]
    case .gemma: ["<start_of_turn>", "<end_of_turn>"]
    case .llama3: ["<|start_header_id|>", "<|eot_id|>"]
    case .granite: ["<|start_of_role|>", "<|end_of_role|>"]
    case .commandR: ["<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"]
    case .deepSeek: ["<｜User｜>", "<｜Assistant｜>"]
    case .phi3: ["<|user|>", "<|assistant|>", "<|end|>"]
    case .zephyr: ["<|user|>", "<|assistant|>", "</s>"]
    case .glm4: ["<|user|>", "<|assistant|>"]
    case .llama2: ["[INST]", "<<SYS>>"]
    case .mistral: ["[INST]", "[/INST]"]
    case .alpaca: ["### Instruction:", "### Response:"]
    case .vicuna: ["USER:", "ASSISTANT:"]
    }
  }

  /// The Jinja source.
  package var source: String {
    switch self {
    case .chatML: FallbackTemplate.chatML.source
    case .gemma: FallbackTemplate.gemma.source
    case .llama3:
      Self.turns(
        "{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content + '<|eot_id|>' -}}",
        opening: "<|start_header_id|>assistant<|end_header_id|>\\n\\n", bos: true)
    case .granite:
      Self.turns(
        "{{- '<|start_of_role|>' + message.role + '<|end_of_role|>' + message.content + '<|end_of_text|>\\n' -}}",
        opening: "<|start_of_role|>assistant<|end_of_role|>")
    case .commandR:
      Self.turns(
        "{{- '<|START_OF_TURN_TOKEN|>' + {'system': '<|SYSTEM_TOKEN|>', 'assistant': '<|CHATBOT_TOKEN|>'}"
          + ".get(message.role, '<|USER_TOKEN|>') + message.content + '<|END_OF_TURN_TOKEN|>' -}}",
        opening: "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", bos: true)
    case .deepSeek:
      Self.byRole(
        system: "message.content", user: "'<｜User｜>' + message.content",
        assistant: "'<｜Assistant｜>' + message.content + '<｜end▁of▁sentence｜>'", opening: "<｜Assistant｜>")
    case .phi3:
      Self.turns(
        "{{- '<|' + message.role + '|>\\n' + message.content + '<|end|>\\n' -}}", opening: "<|assistant|>\\n",
        bos: true)
    case .zephyr:
      Self.turns(
        "{{- '<|' + message.role + '|>\\n' + message.content + '</s>\\n' -}}", opening: "<|assistant|>\\n")
    case .glm4:
      "{{- '[gMASK]<sop>' -}}"
        + Self.turns(
          "{{- '<|' + message.role + '|>\\n' + message.content -}}", opening: "<|assistant|>\\n")
    case .llama2:
      Self.instructions(system: "'<<SYS>>\\n' + message.content + '\\n<</SYS>>\\n\\n'", space: " ")
    case .mistral: Self.instructions(system: "message.content + '\\n\\n'", space: " ")
    case .alpaca:
      Self.byRole(
        system: "message.content + '\\n\\n'", user: "'### Instruction:\\n' + message.content + '\\n\\n'",
        assistant: "'### Response:\\n' + message.content + '\\n\\n'", opening: "### Response:\\n")
    case .vicuna:
      Self.byRole(
        system: "message.content + ' '", user: "'USER: ' + message.content + ' '",
        assistant: "'ASSISTANT: ' + message.content + '</s>'", opening: "ASSISTANT:")
    }
  }

  /// The same text for the messages of each role.
  private static func turns(_ turn: String, opening: String, bos: Bool = false) -> String {
    (bos ? "{{- bos_token -}}" : "") + "{%- for message in messages -%}\(turn){%- endfor -%}"
      + "{%- if add_generation_prompt -%}{{- '\(opening)' -}}{%- endif -%}"
  }

  /// A text for each role.
  private static func byRole(system: String, user: String, assistant: String, opening: String) -> String {
    turns(
      "{%- if message.role == 'system' -%}{{- \(system) -}}{%- elif message.role == 'assistant' -%}"
        + "{{- \(assistant) -}}{%- else -%}{{- \(user) -}}{%- endif -%}", opening: opening, bos: true)
  }

  /// "[INST] question [/INST] answer</s>"; the system message goes into the first instruction.
  private static func instructions(system: String, space: String) -> String {
    "{{- bos_token -}}{%- set lead = namespace(text='') -%}{%- for message in messages -%}"
      + "{%- if message.role == 'system' -%}{%- set lead.text = \(system) -%}"
      + "{%- elif message.role == 'assistant' -%}{{- '\(space)' + message.content + eos_token -}}"
      + "{%- else -%}{{- '[INST]\(space)' + lead.text + message.content + '\(space)[/INST]' -}}"
      + "{%- set lead.text = '' -%}{%- endif -%}{%- endfor -%}"
  }
}
