import TerminalInterface
import Testing

@Suite struct MathTests {
  @Test(arguments: [
    (#"E = mc^2"#, "E = mc²"),
    (#"\frac{a}{b}"#, "a/b"),
    (#"\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}"#, "(−b ± √(b² − 4ac))/2a"),
    (#"\frac12 x"#, "½ x"),
    (#"x_{i}^{2} + y_i^2"#, "xᵢ² + yᵢ²"),
    (#"\sum_{i=1}^{n} i = \frac{n(n+1)}{2}"#, "∑ᵢ₌₁ⁿ i = n(n+1)/2"),
    (#"\frac{1}{\sqrt{2\pi}} \frac{\sqrt{\pi}}{2} \frac{\partial u}{\partial t}"#, "1/√(2π) √π/2 ∂u/∂t"),
    (
      #"\frac{n!}{k!(n-k)!} \frac{\sin x}{x} \frac{a}{bc} \frac{1}{a+b}"#,
      "n!/(k!(n−k)!) (sin x)/x a/bc 1/(a+b)"
    ),
    (
      #"|x| = \begin{cases} x & \text{if } x > 0 \\ -x, & \text{otherwise} \end{cases}"#,
      "|x| = {x, if x > 0; −x, otherwise}"
    ),
    (
      #"\begin{vmatrix} a & b \\ c & d \end{vmatrix} = \begin{alignat}{2} 1 \end{alignat}"#, "|a b; c d| =; 1"
    ),
    (#"\int_0^\infty e^{-x^2}\,dx"#, "∫₀^∞ e^(−x²) dx"),
    (#"\alpha \leq \beta \implies \Gamma \to \infty"#, "α ≤ β ⟹ Γ → ∞"),
    (#"\mathbb{R}^n \ni \vec{x}"#, "ℝⁿ ∋ x\u{20D7}"),
    (#"\sin x + \cos(2\theta)"#, "sin x + cos(2θ)"),
    (#"\left( \frac{1}{2} \right)^n"#, "(½)ⁿ"),
    (#"\text{speed} = \frac{\text{distance}}{\text{time}}"#, "speed = distance/time"),
    (#"\sqrt[3]{8} = 2"#, "∛8 = 2"),
    (#"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}"#, "[1 2; 3 4]"),
    (#"a \not\in B"#, "a ∈\u{338} B"),
    (#"\hat{y} = \bar{x}"#, "y\u{302} = x\u{304}"),
    (#"\lim_{x \to 0} f(x)"#, "lim_(x→0) f(x)"),
    (#"\{1, 2\} \cup \emptyset"#, "{1, 2} ∪ ∅"),
    (#"x_{max}"#, "xₘₐₓ"),
    (#"\unknown{x}"#, "unknownx"),
    (#"O(n\cdot d)"#, "O(n · d)"),
    (#"90^\circ"#, "90°"),
    ("", ""),
    (#"\frac{"#, "/"),
    (#"}}{{\"#, #"\"#),
  ])
  func formulas(_ latex: String, _ expected: String) {
    #expect(MathText.line(latex) == expected)
  }

  @Test func alignedEquationsHaveRows() {
    let rows = MathText.rows(#"\begin{aligned} a &= b + c \\ &= d \end{aligned}"#)
    #expect(rows == ["a = b + c", "= d"])
  }

  /// Deep nesting and long input cost no stack and no time.
  @Test func hostileFormulas() {
    _ = MathText.rows(String(repeating: "{", count: 3900))
    _ = MathText.rows(String(repeating: "\\frac", count: 700))
    _ = MathText.rows(String(repeating: "\\sqrt{", count: 600))
    _ = MathText.rows(String(repeating: "^_", count: 1900))
    _ = MathText.rows(String(repeating: "\\begin{cases}", count: 280))
    let long = String(repeating: "x^2", count: 4000)
    #expect(MathText.rows(long) == [long])
  }

  private func text(_ markdown: String) -> String {
    InlineParser.spans(markdown, TextStyle(.text)).map(\.text).joined()
  }

  @Test(arguments: [
    (#"the area $\pi r^2$ grows"#, "the area πr² grows"),
    (#"so \(x_1 \le x_2\) holds"#, "so x₁ ≤ x₂ holds"),
    (#"$$a^2$$ inline"#, "a² inline"),
    ("it costs $5 and $10", "it costs $5 and $10"),
    ("from $5-$10 a piece", "from $5-$10 a piece"),
    ("set $HOME and $PATH", "set $HOME and $PATH"),
    ("open $x", "open $x"),
    (#"a \(b"#, "a (b"),
    ("H<sub>2</sub>O and x<sup>2</sup>", "H₂O and x²"),
    ("<b>bold</b> <u>u</u> <kbd>Esc</kbd>", "bold u Esc"),
    ("a <div> stays", "a <div> stays"),
    ("a\\\nb", "a\nb"),
  ])
  func mathematicsAndTagsInALine(_ markdown: String, _ expected: String) {
    #expect(text(markdown) == expected)
  }

  @Test func environmentsNeedNoDelimiters() {
    func kinds(_ markdown: String) -> [MarkdownBlock.Kind] {
      var stream = MarkdownStream()
      return (stream.append(markdown) + stream.finish()).map(\.kind).filter { $0 != .blank }
    }
    let formula = "\\begin{align*}\na &= b \\\\\nc &= d\n\\end{align*}"
    #expect(kinds("So:\n\(formula)\nand") == [.paragraph("So:"), .math(formula), .paragraph("and")])
    #expect(MathText.rows(formula) == ["a = b", "c = d"])
    #expect(kinds("\\begin{equation} x \\end{equation}.") == [.math("\\begin{equation} x \\end{equation}.")])
    for text in ["\\begin{itemize}\n\\end{itemize}", "\\begin{align", "\\begin{alignx}"] {
      #expect(kinds(text) == [.paragraph(text)])
    }
  }

  @Test func displayMathematicsIsABlock() {
    var stream = MarkdownStream()
    let document = "Before:\n$$\nx^2 +\ny\n$$\nafter\n\\[ a \\le b \\].\n\n$$never closed\n\nrest"
    let blocks = stream.append(document) + stream.finish()
    let kinds = blocks.map(\.kind).filter { $0 != .blank }
    #expect(
      kinds == [
        .paragraph("Before:"), .math("\nx^2 +\ny\n"), .paragraph("after"), .math(" a \\le b ."),
        .paragraph("$$never closed"), .paragraph("rest"),
      ])
    let rows = blocks.filter { $0.kind != .blank }.flatMap { MarkdownRenderer(width: 60).lines(for: $0) }
    #expect(rows.map(\.text) == ["Before:", "  x² + y", "after", "  a ≤ b.", "$$never closed", "rest"])
  }
}
