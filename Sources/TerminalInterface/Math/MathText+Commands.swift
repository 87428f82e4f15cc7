// The commands of LaTeX that take arguments.
extension MathText {
  /// The text of a command whose name was consumed.
  mutating func command(_ name: String) -> String {
    if let symbol = MathSymbols.named[name] { return symbol }
    if MathSymbols.functions.contains(name) { return functionName(name) }
    if let mark = MathScripts.accents[name] { return MathScripts.accented(readArgument(), mark) }
    switch name {
    case "frac", "dfrac", "tfrac", "cfrac": return fraction(readArgument(), readArgument())
    case "binom", "dbinom", "tbinom": return "C(\(readArgument()), \(readArgument()))"
    case "sqrt":
      let index = readOption()
      return root(readArgument(), index)
    case "text", "textbf", "textit", "textrm", "texttt", "mbox", "hbox": return readRaw()
    case "mathrm", "operatorname", "mathsf", "mathtt", "mathit", "mathbf", "boldsymbol", "bm", "boxed",
      "displaystyle", "textstyle", "limits", "nolimits", "mathop", "mathbin", "mathrel", "phantom":
      return name.hasSuffix("style") || name.hasSuffix("limits") ? "" : readArgument()
    case "mathbb": return MathScripts.doubleStruck(readArgument())
    case "mathcal", "mathscr", "mathfrak": return readArgument()
    case "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "middle":
      return delimiter()
    case "overline", "underline":
      return MathScripts.accented(readArgument(), name == "overline" ? "\u{305}" : "\u{332}", each: true)
    case "overbrace", "underbrace": return readArgument()
    case "overset", "stackrel", "underset":
      let note = readArgument(), base = readArgument()
      return base + MathScripts.script(note, isSuper: name != "underset")
    case "not":
      return " \(String(readArgument().filter { $0 != " " }))\u{338} "
    case "begin":
      let environment = readRaw()
      if ["array", "alignat", "alignat*", "alignedat"].contains(environment) { _ = readRaw() }
      switch environment {
      case "cases", "rcases", "dcases": return cells(between: ", ").map { "{\($0)}" } ?? ""
      case "vmatrix": return cells(between: "  ").map { "|\($0)|" } ?? ""
      case "Vmatrix": return cells(between: "  ").map { "‖\($0)‖" } ?? ""
      case "array": return cells(between: "  ").map { "[\($0)]" } ?? ""
      case _ where environment.hasSuffix("matrix"): return cells(between: "  ").map { "[\($0)]" } ?? ""
      default: return "\n"
      }
    case "end":
      _ = readRaw()
      return "\n"
    case "tag":
      return "  (\(readRaw()))"
    case "label", "color", "hspace", "vspace":
      _ = readRaw()
      return ""
    case "pmod": return " (mod \(readArgument()))"
    default: return name
    }
  }

  private func functionName(_ name: String) -> String {
    let next = place < text.count ? text[place] : " "
    return next.isLetter || next.isNumber || next == "\\" ? name + " " : name
  }

  private mutating func delimiter() -> String {
    guard place < text.count, text[place] != "." else {
      place += 1
      return ""
    }
    return readPiece()
  }

  private func fraction(_ above: String, _ below: String) -> String {
    if let known = MathScripts.fractions["\(above)/\(below)"] { return known }
    return "\(MathScripts.dividend(above))/\(MathScripts.divisor(below))"
  }

  private func root(_ argument: String, _ index: String?) -> String {
    let sign =
      switch index {
      case nil: "√"
      case "3": "∛"
      case "4": "∜"
      case let index?: MathScripts.script(index, isSuper: true) + "√"
      }
    return sign + MathScripts.radicand(argument)
  }

  /// The rows of a matrix or of cases on one line, up to its end; nil where it is nested too deeply.
  private mutating func cells(between separator: String) -> String? {
    guard enter() else { return nil }
    defer { leave() }
    var body = ""
    while place < text.count {
      if text[place...].starts(with: "\\end") {
        place += 4
        _ = readRaw()
        break
      }
      if text[place] == "&" {
        place += 1
        while body.last == " " { body.removeLast() }
        body += body.last == "," ? " " : separator
        continue
      }
      body += readPiece()
    }
    let rows = body.split(separator: "\n").map { Self.tidy(String($0)) }.filter { !$0.isEmpty }
    return rows.joined(separator: "; ")
  }
}
