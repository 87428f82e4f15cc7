/// Chat templates for models without one, selected by the special tokens in the vocabulary.
enum FallbackTemplate: String, CaseIterable {
  /// Turns between `<|im_start|>` and `<|im_end|>`.
  case chatML
  /// Turns between `<start_of_turn>` and `<end_of_turn>`; the system message goes before the first user turn.
  case gemma
  /// A plain dialogue for base models. The start of the next user turn ends the answer.
  case plain

  /// - Parameter hasToken: whether the vocabulary has this special token.
  static func choose(_ hasToken: (String) -> Bool) -> FallbackTemplate {
    if hasToken("<|im_start|>"), hasToken("<|im_end|>") { return .chatML }
    if hasToken("<start_of_turn>"), hasToken("<end_of_turn>") { return .gemma }
    return .plain
  }

  /// The Jinja source.
  var source: String {
    switch self {
    case .chatML:
      """
      {%- for message in messages -%}
      {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
      """
    case .gemma:
      """
      {{- bos_token -}}
      {%- set lead = namespace(text='') -%}
      {%- for message in messages -%}
      {%- if message.role == 'system' -%}
      {%- set lead.text = message.content + '\\n\\n' -%}
      {%- else -%}
      {{- '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\\n' -}}
      {{- lead.text + message.content + '<end_of_turn>\\n' -}}
      {%- set lead.text = '' -%}
      {%- endif -%}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}
      """
    case .plain:
      """
      {{- bos_token -}}
      {%- for message in messages -%}
      {%- if message.role == 'system' -%}{{- message.content + '\\n\\n' -}}
      {%- else -%}{{- ('Assistant: ' if message.role == 'assistant' else 'User: ') + message.content + '\\n' -}}
      {%- endif -%}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- 'Assistant:' -}}{%- endif -%}
      """
    }
  }

  /// Texts that end an answer, in addition to the end-of-generation tokens of the model.
  var stopStrings: [String] {
    switch self {
    case .chatML: ["<|im_end|>"]
    case .gemma: ["<end_of_turn>"]
    case .plain: ["\nUser:"]
    }
  }
}
