import Foundation

/// The fixture files, and templates similar to real ones.
enum TemplateFixtures {
  static func text(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    return try String(contentsOf: folder.appending(path: "Fixtures/\(name)"), encoding: .utf8)
  }

  static let templates = [
    """
    {%- set ns = namespace(system='', first=true) -%}
    {%- for message in messages if message.role == 'system' -%}
      {%- set ns.system = ns.system ~ message.content | trim -%}
    {%- endfor -%}
    {{ bos_token }}{% if ns.system %}<|system|>
    {{ ns.system }}<|end|>
    {% endif %}
    {%- for message in messages | rejectattr('role', 'equalto', 'system') %}
    <|{{ message['role'] }}|>
    {%- if message.tool_calls is defined and message.tool_calls %}
      {%- for call in message.tool_calls %}
    {{ {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}{% if not loop.last %},{% endif %}
      {%- endfor %}
    {%- elif message.content is string %}
    {{ message.content.split('</think>')[-1].lstrip('\\n') }}
    {%- else %}{% for part in message.content or [] %}{{ part.text if part.type == 'text' else '<image>' }}{% endfor %}
    {%- endif %}<|end|>
    {% endfor %}{% if add_generation_prompt %}<|assistant|>
    {% endif %}
    """,
    """
    {%- macro describe(value, depth=0) -%}
    {%- if value is mapping -%}
    { {%- for key, item in value | dictsort %}{{ key }}: {{ describe(item, depth + 1) }}{{ ', ' if not loop.last }}{% endfor -%} }
    {%- elif value is sequence and value is not string -%}
    [{% for item in value %}{{ describe(item, depth=depth + 1) }}{{ ',' if not loop.last }}{% endfor %}]
    {%- else -%}{{ value | string | upper if value is string else value }}{%- endif -%}
    {%- endmacro -%}
    {% if tools %}{% for tool in tools %}{{ describe(tool.function.parameters) }}
    {% endfor %}{% endif %}
    {%- for m in messages %}{% if loop.index0 % 2 == 0 and m.role == 'assistant' %}{{ raise_exception('order') }}{% endif %}
    {% set text %}[{{ m.role }}] {{ m.content | replace('a', 'b') | truncate(20) }}{% endset %}{{ text | indent(2) }}
    {%- if loop.index > 9 %}{% break %}{% endif %}{% endfor %}
    """,
  ]
}
