import Basics
import Templates
import TestSupport
import Testing

/// Over a thousand small templates, compared with Python's jinja2 (Tests/Scripts/make_template_cases.py).
struct TemplateCaseTests {
  static let noon = LocalTime(year: 2026, month: 11, day: 22, hour: 15, minute: 4, second: 5)

  @Test func everyCaseRendersAsInPython() throws {
    let fixture = try JSON(parsing: TemplateFixtures.text("template_cases.json"))
    var variables: [String: JSON] = [:]
    for (name, value) in try fixture.object("variables") { variables[name] = value }
    let cases = try fixture.array("cases")
    #expect(cases.count > 1000)
    for entry in cases {
      let template = try #require(entry[0]?.asString)
      let expected = entry[1]?.asString
      let result = try? ChatTemplate(source: template).render(variables: variables, now: Self.noon)
      #expect(result.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(template)")
    }
  }

  @Test(arguments: [
    ("{{ a }}\n{{ b.c }}", TemplateError.Kind.undefined, 2),
    ("\n\n{{ 1 + 'a' }}", .type, 3),
    ("{% if x %}\n{% for %}{% endif %}", .syntax, 2),
    ("{% if x %}\n\n", .syntax, 1),
    ("a\n{% include 'x' %}", .unsupported, 2),
    ("a\n\n{{ raise_exception('no') }}", .raised, 3),
    ("{{ 1 // 0 }}", .value, 1),
    ("{{ 'x' | nope }}", .unsupported, 1),
    ("{% macro f() %}\n{{ a.b }}\n{% endmacro %}\n\n{{ f() }}", .undefined, 2),
    ("{{ [1,\n2].append(\n}}", .syntax, 3),
  ])
  func errorsHaveKindAndLine(source: String, kind: TemplateError.Kind, line: Int) {
    let error = #expect(throws: TemplateError.self) {
      try ChatTemplate(source: source).render(variables: [:])
    }
    #expect(error?.kind == kind)
    #expect(error?.line == line)
  }

  @Test func raisedErrorsAreReported() {
    let error = #expect(throws: TemplateError.self) {
      try ChatTemplate(source: "{{ raise_exception('roles must alternate') }}").render(messages: [])
    }
    #expect(error?.message == "roles must alternate")
  }

  /// A message is shown in a terminal, whatever the template writes into it.
  @Test(arguments: [
    "{{ raise_exception('a\u{1B}[2Jb\u{0}c\u{85}d\u{202E}e\nf') }}", "{% a\u{1B}[2J %}", "{{ '\u{7}' + 1 }}",
    "{{ x\u{9B}y }}", "{{ ns['\u{1B}'].b.c }}", "{% include '\u{1B}' %}", "{{ 'a'|\u{1B} }}",
    "{{ 1 is \u{1B} }}",
  ])
  func errorsHaveNoControlCharacters(_ source: String) {
    let error = #expect(throws: TemplateError.self) {
      try ChatTemplate(source: source).render(messages: [])
    }
    #expect(error.flatMap { fault(inMessage: $0.description) } == nil)
  }

  @Test func toolsAndDocumentsAreNoneAndOptionsUndefined() throws {
    let template = try ChatTemplate(
      source: "{{ tools }}{{ documents }}{{ add_generation_prompt }}{{ enable_thinking is defined }}")
    #expect(try template.render(messages: []) == "NoneNoneTrueFalse")
    #expect(
      try template.render(
        messages: [], tools: [1], addGenerationPrompt: false, variables: ["enable_thinking": true])
        == "[1]NoneFalseTrue")
    #expect(template.uses("tools") && !template.uses("bos_token"))
  }

  @Test(arguments: [
    ("2026-11-22", LocalTime(year: 2026, month: 11, day: 22)), ("2026-1-22", nil), ("2026-13-01", nil),
    ("x", nil), ("", nil),
  ])
  func datesAreParsed(text: String, expected: LocalTime?) {
    #expect(LocalTime(date: text) == expected)
  }
}
