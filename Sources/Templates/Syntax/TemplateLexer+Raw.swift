// `{% raw %}` blocks, whose body is text.
extension Jinja.Lexer {
  /// The start of a raw block's body, if the tag after `{%` is `raw`.
  func rawBody(after index: Int) -> (start: Int, sign: Sign)? {
    var probe = self
    probe.position = index
    let sign = probe.openingSign()
    guard probe.skipWord("raw") else { return nil }
    if probe.starts("%}", at: probe.position) { return (probe.position + 2, sign) }
    guard probe.starts("-%}", at: probe.position) else { return nil }
    probe.position += 3
    probe.skipSpace()
    return (probe.position, sign)
  }

  private mutating func skipWord(_ word: String) -> Bool {
    skipSpace()
    guard starts(word, at: position) else { return false }
    position += word.utf8.count
    skipSpace()
    return true
  }

  mutating func raw() throws(TemplateError) {
    let start = position
    var from = start
    while let opening = find("{%", from: from) {
      from = opening + 1
      var probe = self
      probe.position = opening + 2
      let sign = probe.openingSign()
      guard probe.skipWord("endraw"), let closingSign = probe.closing(true) else { continue }
      addText(start..<opening, before: sign, isVariable: false)
      position = probe.position
      finishTag(closingSign, trims: true)
      return
    }
    throw syntax("the raw block is not closed with 'endraw'")
  }
}
