/// Converts LaTeX mathematics to readable Unicode text: "\frac{a}{b}" becomes "a/b", "x_{i}^2" becomes "xᵢ²".
///
/// What has no counterpart in Unicode stays readable: braces become parentheses, an unknown command its name. Cost: one
/// pass; the nesting of groups is limited.
package struct MathText {
  /// Longer formulas, in characters, are not converted.
  package static let lengthLimit = 4000
  static let deepest = 24

  let text: [Character]
  var place = 0
  private(set) var depth = 0

  /// The rows of a formula; more than one for aligned equations and matrices.
  package static func rows(_ latex: String) -> [String] {
    convert(latex).split(separator: "\n").map { tidy(String($0)) }.filter { !$0.isEmpty }
  }

  /// A formula on one line.
  package static func line(_ latex: String) -> String { rows(latex).joined(separator: "; ") }

  private static func convert(_ latex: String) -> String {
    guard latex.utf8.count <= lengthLimit else { return latex }
    var parser = MathText(latex)
    return parser.read(until: nil)
  }

  private init(_ latex: String) { text = Array(latex.replacing("\r\n", with: "\n")) }

  // Spaces of the source mean nothing; those of operators remain, one at a time.
  static func tidy(_ text: String) -> String {
    var result = ""
    for character in text {
      let isSpace = character == " " || character == "\t"
      if isSpace, result.isEmpty || result.last == " " || result.last == "(" { continue }
      if result.last == " ", ")],;.⟩".contains(character) { result.removeLast() }
      result.append(isSpace ? " " : character)
    }
    while result.last == " " { result.removeLast() }
    return result
  }

  // Parsing

  /// Reads up to a closing brace or bracket, which it consumes, or to the end.
  mutating func read(until end: Character?) -> String {
    depth += 1
    defer { depth -= 1 }
    var result = ""
    while place < text.count {
      let character = text[place]
      if character == end {
        place += 1
        return result
      }
      append(readPiece(), to: &result)
    }
    return result
  }

  // A name such as "sin" is separated from the letters beside it.
  private func append(_ piece: String, to result: inout String) {
    guard let first = piece.first, let last = result.last, first.isLetter else {
      result += piece
      return
    }
    let isName = piece.count > 1 && first.isASCII && (last.isLetter || last.isNumber)
    // A script that Unicode does not have: "^∞".
    let isAfterScript = result.dropLast().last.map { $0 == "^" || $0 == "_" } ?? false
    result += (isName || isAfterScript ? " " : "") + piece
  }

  /// Counts a level of nesting; false when there are too many.
  mutating func enter() -> Bool {
    guard depth < Self.deepest else { return false }
    depth += 1
    return true
  }

  mutating func leave() { depth -= 1 }

  mutating func readPiece() -> String {
    let character = text[place]
    switch character {
    case "\\": return readCommand()
    case "{":
      place += 1
      return depth < Self.deepest ? read(until: "}") : ""
    case "}":
      place += 1
      return ""
    case "^", "_":
      place += 1
      return MathScripts.script(readArgument(), isSuper: character == "^")
    case "&", "~", "\n", "\t":
      place += 1
      return " "
    case "-":
      place += 1
      return "−"
    case "*":
      place += 1
      return "∗"
    case "'":
      place += 1
      return "′"
    case "=", "<", ">":
      place += 1
      return " \(character) "
    default:
      place += 1
      return String(character)
    }
  }

  /// The argument of a command or a script: a group, a command, or one character.
  mutating func readArgument() -> String {
    while place < text.count, text[place] == " " { place += 1 }
    guard place < text.count, depth < Self.deepest else { return "" }
    if text[place] == "}" { return "" }
    depth += 1
    defer { depth -= 1 }
    return readPiece()
  }

  /// An optional argument in brackets.
  mutating func readOption() -> String? {
    guard place < text.count, text[place] == "[" else { return nil }
    place += 1
    return read(until: "]")
  }

  /// The text of a group as written.
  mutating func readRaw() -> String {
    while place < text.count, text[place] == " " { place += 1 }
    guard place < text.count, text[place] == "{" else { return "" }
    place += 1
    var level = 1
    var raw = ""
    while place < text.count {
      let character = text[place]
      place += 1
      if character == "{" { level += 1 }
      if character == "}" { level -= 1 }
      if level == 0 { break }
      raw.append(character)
    }
    return raw
  }

  mutating func readCommand() -> String {
    place += 1
    guard place < text.count else { return "\\" }
    let start = place
    while place < text.count, text[place].isASCII, text[place].isLetter { place += 1 }
    guard place > start else {
      let mark = text[place]
      place += 1
      return Self.mark(mark)
    }
    let name = String(text[start..<place])
    if place < text.count, text[place] == "*" { place += 1 }
    // The space after a name only ends it.
    while place < text.count, text[place] == " " { place += 1 }
    return command(name)
  }

  private static func mark(_ mark: Character) -> String {
    switch mark {
    case "\\": "\n"
    case ",", ":", ";", " ", ">": " "
    case "!", "(", ")", "[", "]": ""
    case "|": "‖"
    default: String(mark)
    }
  }
}
