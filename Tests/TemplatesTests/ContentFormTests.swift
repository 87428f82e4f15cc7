import Basics
import Templates
import Testing

/// Messages whose content is a string, for templates that need a list of parts, and the reverse.
struct ContentFormTests {
  private static let parts = """
    {%- for m in messages %}<{{ m.role }}>{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}\
    {% elif part['type'] == 'image' %}<image>{% endif %}{% endfor %}{% endfor %}
    """
  private static let indexed = "{% for m in messages %}<{{ m.role }}>{{ m.content[0]['text'] }}{% endfor %}"
  private static let string = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
  private static let trimmed = "{% for m in messages %}<{{ m.role }}>{{ m['content'].strip() }}{% endfor %}"
  private static let json = "{% for m in messages %}<{{ m.role }}>{{ m.content | tojson }}{% endfor %}"
  private static let both = """
    {%- for m in messages %}<{{ m.role }}>{% if m.content is string %}{{ m.content }}{% else %}\
    {% for part in m.content %}{{ part.text }}{% endfor %}{% endif %}{% endfor %}
    """
  /// The system message is a string, the others are lists.
  private static let mixed = """
    {%- if messages[0].role == 'system' %}<system>{{ messages[0].content | trim }}{% endif -%}
    {%- for m in messages if m.role != 'system' %}<{{ m.role }}>{% for part in m.content %}{{ part.text }}{% endfor %}\
    {% endfor %}
    """
  /// Rejects the system role and roles out of order.
  private static let strict = """
    {%- for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif -%}
    {%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('order') }}{% endif -%}
    <{{ m.role }}>{% for part in m.content %}{{ part.text }}{% endfor %}{% endfor %}
    """

  private static let texts: JSON = [
    ["role": "user", "content": "one"], ["role": "assistant", "content": "two"],
    ["role": "user", "content": "three"],
  ]
  private static let lists: JSON = [
    ["role": "user", "content": [["type": "text", "text": "one"]]],
    ["role": "assistant", "content": [["type": "text", "text": "two"]]],
    ["role": "user", "content": [["type": "text", "text": "three"]]],
  ]

  @Test(arguments: [parts, indexed, string, trimmed, both, mixed, strict])
  func everyTextIsShown(_ source: String) throws {
    let template = try ChatTemplate(source: source)
    let forms = ContentForms(of: template)
    for messages in [Self.texts, Self.lists] {
      let text = try template.render(messages: forms.adapting(messages))
      #expect(text == "<user>one<assistant>two<user>three")
    }
  }

  @Test func systemMessagesHaveAFormOfTheirOwn() throws {
    let template = try ChatTemplate(source: Self.mixed)
    let forms = ContentForms(of: template)
    let messages: JSON = [["role": "system", "content": "s"], ["role": "user", "content": "u"]]
    #expect(try template.render(messages: forms.adapting(messages)) == "<system>s<user>u")
  }

  @Test func acceptedFormsAreUnchanged() throws {
    let forms = ContentForms(of: try ChatTemplate(source: Self.both))
    #expect(forms.adapting(Self.texts) == Self.texts)
    #expect(forms.adapting(Self.lists) == Self.lists)
    // JSON of a list contains its keys, JSON of a string is the usual form.
    #expect(ContentForms(of: try ChatTemplate(source: Self.json)).adapting(Self.texts) == Self.texts)
    #expect(forms.adapting(.null) == .null)
    #expect(ContentForms(of: try ChatTemplate(source: "nothing")).adapting(Self.lists) == Self.lists)
  }

  @Test func partsAreJoinedByLines() throws {
    let template = try ChatTemplate(source: Self.string)
    let parts: JSON = [["type": "text", "text": "a"], ["type": "image"], ["type": "text", "text": "b"]]
    let messages: JSON = [["role": "user", "content": parts]]
    #expect(try template.render(messages: ContentForms(of: template).adapting(messages)) == "<user>a\nb")
  }
}
