import Basics
import Foundation
import Templates
import Testing

/// Templates that try to crash, to loop forever or to exhaust memory. All run on a thread with a small stack.
struct TemplateHostileTests {
  private static func nested(_ open: String, _ close: String, _ count: Int) -> String {
    String(repeating: open, count: count) + "1" + String(repeating: close, count: count)
  }

  static let hostile: [String] = [
    "{{ 'a' * 10 ** 12 }}",
    "{{ [1] * 10 ** 12 }}",
    "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
    "{% set ns = namespace(l=[]) %}{% for i in range(10000) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}",
    "{% set ns = namespace(l=[]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
    "{% set ns = namespace(l=[]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(x) %}{{ f([x]) }}{% endmacro %}{{ f(1) }}",
    "{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}",
    "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}",
    "{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}",
    "{% set n = namespace() %}{% set n.n = n %}{{ n }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{{ range(99999) | list | length }}{% endfor %}{% endfor %}",
    "{{ range(10 ** 9) }}",
    "{{ 'a' | center(10 ** 9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ [1] | batch(10 ** 9, 1) | list }}",
    "{{ [1] | slice(10 ** 9) | list }}",
    "{{ 'a' | indent(10 ** 9, true) }}",
    "{{ ('a' * 10 ** 6).replace('a', 'b' * 10 ** 6) }}",
    "{{ ('a' * 10 ** 6) | replace('', 'b' * 10 ** 6) }}",
    "{{ ('a' * 10 ** 6) | list | join('b' * 10 ** 6) }}",
    "{{ ('a' * 50000000) | list | length }}",
    "{{ 'a'.ljust(10 ** 12) }}", "{{ 'a'.zfill(10 ** 12) }}", "{{ '\\t'.expandtabs(10 ** 12) }}",
    "{{ [1, 2] | tojson(indent=10 ** 9) }}",
    "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 9223372036854775807 * 2 }}",
    "{{ 2 ** 64 }}", "{{ 2 ** 10 ** 9 }}", "{{ 1e308 * 10 ** 400 }}", "{{ 10.0 ** 400 }}",
    "{{ 'a'[9223372036854775807:] ~ [1][::-9223372036854775807] ~ 1 // 0 }}",
    "{{ range(0, 4611686018427387904, 1) }}", "{{ range(-9223372036854775807, 9223372036854775807, 1) }}",
    "{% set ns = namespace(f=none) %}{% for i in range(99999) %}{% set p = ns.f %}{% macro m() %}{{ p }}{% endmacro %}"
      + "{% set ns.f = m %}{% endfor %}{{ 1 // 0 }}",
    "{% set ns = namespace(f=none) %}{% for i in range(99999) %}{% set ns.f = cycler(ns.f) %}{% endfor %}",
    "{% set ns = namespace(f=none) %}{% for i in range(99999) %}{% for x in [ns.f] %}{% set ns.f = [loop] %}{% endfor %}{% endfor %}",
    "{% set ns = namespace(f=none) %}{% for i in range(99999) %}{% set ns.f = namespace(f=ns.f) %}{% endfor %}",
    "{% set ns = namespace(f={}) %}{% for i in range(99999) %}{% set ns.f = {1: ns.f} %}{% endfor %}",
    "{% set ns = namespace(f=[]) %}{% for i in range(99999) %}{% set ns.f = ns.f | map('upper') %}{% endfor %}{{ 1 // 0 }}",
    "{% set l = [] %}{% for i in range(99999) %}{% set _ = l.append('x' * 100000) %}{% endfor %}",
    "{% set ns = namespace(s='') %}{% for i in range(99999) %}{% set ns.s = ns.s ~ 'xxxxxxxxxxxxxxxxxxxxxx' %}{% endfor %}{{ 1 // 0 }}",
    nested("{{ (", ")", 100_000), nested("{{ [", "]", 100_000), nested("{{ -", "", 100_000),
    nested("{{ not ", "", 100_000), nested("{{ {1: ", "}", 100_000), nested("{{ f(", ")", 100_000),
    nested("{% if 1 %}", "{% endif %}", 100_000), nested("{% for i in l %}", "{% endfor %}", 100_000),
    nested("{{ a[", "]", 100_000), nested("{{ 1 if 1 else ", "", 100_000), nested("{{ 1 if ", "", 100_000),
    nested("{% set (", ")", 100_000), nested("{% macro f() %}", "{% endmacro %}", 1000),
    nested("{{ x is in ", "", 100_000), nested("{{ 1 is f(", ")", 100_000),
    "{{ '" + String(repeating: "{", count: 10_001) + "'.format() }}",
    "{{ 1" + String(repeating: " + 1", count: 1000) + " // 0 }}",
    "{{ a" + String(repeating: ".a", count: 10_000) + " }}",
    "{{ 'a'" + String(repeating: "|upper", count: 10_000),
    String(repeating: "{%", count: 100_000), String(repeating: "{#", count: 100_000),
    String(repeating: "{% raw %}", count: 20_000), String(repeating: "{{", count: 100_000),
  ]

  @Test(arguments: hostile.indices)
  func aHostileTemplateIsAnError(index: Int) throws {
    let source = Self.hostile[index]
    let error = onSmallStack { try ChatTemplate(source: source).render(variables: ["a": ["x"]]) }
    #expect(error != nil, "\(source.prefix(100))")
  }

  /// Frames are several times larger without optimisation.
  private static var stackForRealNesting: Int {
    #if DEBUG
      4 << 20
    #else
      512 << 10
    #endif
  }

  /// Deep but reasonable nesting must render on the same small stack.
  @Test func realNestingFits() throws {
    let macro = """
      {% macro f(v) %}{% if v is mapping %}{% for k, x in v | items %}{% if x %}{{ '{' ~ f(x) ~ '}' }}{% endif %}\
      {% endfor %}{% else %}{{ v }}{% endif %}{% endmacro %}{{ f(v) }}
      """
    var value: JSON = "x"
    for _ in 0..<20 { value = ["k": value] }
    let deep = value
    let error = onSmallStack(bytes: Self.stackForRealNesting) {
      let text = try ChatTemplate(source: macro).render(variables: ["v": deep])
      #expect(text == String(repeating: "{", count: 20) + "x" + String(repeating: "}", count: 20))
    }
    #expect(error == nil)
    let sum = "{{ 0" + String(repeating: " + 1 ~ ''", count: 500) + " }}"
    #expect(throws: TemplateError.self) { try ChatTemplate(source: sum).render(variables: [:]) }
    let concatenation = "{{ ''" + String(repeating: " ~ 'a'", count: 5000) + " }}"
    #expect(try ChatTemplate(source: concatenation).render(variables: [:]).utf8.count == 5000)
  }

  @Test func deepMessagesAreAnError() {
    var value: JSON = "x"
    for _ in 0..<500 { value = [value] }
    let deep = value
    #expect(throws: TemplateError.self) {
      try ChatTemplate(source: "{{ messages | tojson }}").render(messages: deep)
    }
  }

  /// Thousands of damaged templates: each renders or fails with an error, and none takes long.
  @Test(arguments: 0..<8)
  func mutatedTemplatesAreHarmless(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let sources = TemplateFixtures.templates.map { Array($0.utf8) }
    let fragments = [
      "{{", "}}", "{%", "%}", "{#", "#}", "-%}", "(", ")", "[", "]", "|", ".", "'", "\"", " if ", " else ",
      "%} {%", "for",
      " in ", "endfor", "endif", "loop", "~", "**", "99999999999", "is", "not ", "messages", "macro",
      "{% raw %}", "\\", "\u{e9}",
      "recursive", "range(9999)", "* 9999", "namespace(", "set ", "\n", "|list", "|tojson", ".append(",
    ].map { Array($0.utf8) }
    let messages: JSON = [
      ["role": "system", "content": "s"], ["role": "user", "content": "hello there"],
      [
        "role": "assistant", "content": nil,
        "tool_calls": [["function": ["name": "f", "arguments": ["a": 1]]]],
      ],
    ]
    let tools: JSON = [
      ["function": ["name": "f", "parameters": ["type": "object", "properties": ["a": [1, "b"]]]]]
    ]
    var rendered = 0
    for _ in 0..<1000 {
      var bytes = sources[Int.random(in: 0..<sources.count, using: &random)]
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes.remove(at: position)
        case 1: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 2:
          let end = min(bytes.count, position + Int.random(in: 1...40, using: &random))
          let part = Array(bytes[position..<end])
          bytes.insert(contentsOf: part, at: Int.random(in: 0..<bytes.count, using: &random))
        case 3: bytes.removeSubrange(position..<min(bytes.count, position + 20))
        default:
          bytes.insert(
            contentsOf: fragments[Int.random(in: 0..<fragments.count, using: &random)], at: position)
        }
        if bytes.isEmpty { bytes = [0x7b] }
      }
      let source = String(decoding: bytes, as: UTF8.self)
      let result = try? ChatTemplate(source: source).render(
        messages: messages, tools: tools, variables: ["bos_token": "<s>"])
      if result != nil { rendered += 1 }
    }
    #expect(rendered > 5)
  }

  /// Runs `body` on a thread with the default stack size of secondary threads on macOS; returns the error.
  private func onSmallStack(bytes: Int = 512 << 10, _ body: @escaping @Sendable () throws -> some Sendable)
    -> (any Error)?
  {
    let outcome = Outcome()
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      do { _ = try body() } catch { outcome.error = error }
      done.signal()
    }
    thread.stackSize = bytes
    thread.start()
    done.wait()
    return outcome.error
  }

  /// Written by the thread before it signals, read afterwards.
  private final class Outcome: @unchecked Sendable {
    var error: (any Error)?
  }
}
