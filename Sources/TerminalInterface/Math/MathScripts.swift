/// Superscripts, subscripts, accents and fractions in Unicode.
package enum MathScripts {
  private static let superscripts: [Character: Character] = [
    "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
    "+": "⁺", "-": "⁻", "−": "⁻", "=": "⁼", "(": "⁽", ")": "⁾", "a": "ᵃ", "b": "ᵇ", "c": "ᶜ", "d": "ᵈ",
    "e": "ᵉ", "f": "ᶠ", "g": "ᵍ", "h": "ʰ", "i": "ⁱ", "j": "ʲ", "k": "ᵏ", "l": "ˡ", "m": "ᵐ", "n": "ⁿ",
    "o": "ᵒ", "p": "ᵖ", "r": "ʳ", "s": "ˢ", "t": "ᵗ", "u": "ᵘ", "v": "ᵛ", "w": "ʷ", "x": "ˣ", "y": "ʸ",
    "z": "ᶻ", "A": "ᴬ", "B": "ᴮ", "D": "ᴰ", "E": "ᴱ", "G": "ᴳ", "H": "ᴴ", "I": "ᴵ", "J": "ᴶ", "K": "ᴷ",
    "L": "ᴸ", "M": "ᴹ", "N": "ᴺ", "O": "ᴼ", "P": "ᴾ", "R": "ᴿ", "T": "ᵀ", "U": "ᵁ", "V": "ⱽ", "W": "ᵂ",
    "β": "ᵝ", "γ": "ᵞ", "δ": "ᵟ", "θ": "ᶿ", "φ": "ᵠ", "χ": "ᵡ", "′": "′", "∗": "*", "*": "*", "∘": "°",
    "†": "†",
  ]

  private static let subscripts: [Character: Character] = [
    "0": "₀", "1": "₁", "2": "₂", "3": "₃", "4": "₄", "5": "₅", "6": "₆", "7": "₇", "8": "₈", "9": "₉",
    "+": "₊", "-": "₋", "−": "₋", "=": "₌", "(": "₍", ")": "₎", "a": "ₐ", "e": "ₑ", "h": "ₕ", "i": "ᵢ",
    "j": "ⱼ", "k": "ₖ", "l": "ₗ", "m": "ₘ", "n": "ₙ", "o": "ₒ", "p": "ₚ", "r": "ᵣ", "s": "ₛ", "t": "ₜ",
    "u": "ᵤ", "v": "ᵥ", "x": "ₓ", "β": "ᵦ", "γ": "ᵧ", "ρ": "ᵨ", "φ": "ᵩ", "χ": "ᵪ",
  ]

  /// Combining marks of accents, by command.
  static let accents: [String: Character] = [
    "hat": "\u{302}", "widehat": "\u{302}", "bar": "\u{304}", "vec": "\u{20D7}", "dot": "\u{307}",
    "ddot": "\u{308}", "tilde": "\u{303}", "widetilde": "\u{303}", "check": "\u{30C}", "breve": "\u{306}",
    "acute": "\u{301}", "grave": "\u{300}",
  ]

  static let fractions = [
    "1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾", "1/5": "⅕", "1/6": "⅙", "1/8": "⅛",
  ]

  private static let doubleStruckLetters: [Character: Character] = [
    "C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ", "E": "𝔼", "F": "𝔽", "K": "𝕂",
    "1": "𝟙",
  ]

  /// A script in Unicode, or after a mark where Unicode has none: "^(a/b)".
  package static func script(_ text: String, isSuper: Bool) -> String {
    let text = String(text.filter { $0 != " " && $0 != "\n" })
    guard !text.isEmpty else { return "" }
    let table = isSuper ? superscripts : subscripts
    let mapped = text.compactMap { table[$0] }
    if mapped.count == text.count { return String(mapped) }
    return (isSuper ? "^" : "_") + (text.count == 1 ? text : "(\(text))")
  }

  /// Text with a combining mark after its first character, or after each.
  static func accented(_ text: String, _ mark: Character, each: Bool = false) -> String {
    guard each || text.count > 1 else { return text.isEmpty ? "" : text + String(mark) }
    return text.enumerated().reduce(into: "") { result, element in
      result += String(element.element) + (each || element.offset == 0 ? String(mark) : "")
    }
  }

  static func doubleStruck(_ text: String) -> String { String(text.map { doubleStruckLetters[$0] ?? $0 }) }

  /// An operand: in parentheses unless it is one number, one name, or in parentheses already.
  static func grouped(_ text: String) -> String {
    let text = text.trimmingSpaces
    return isSimple(text) || isClosed(text) ? text : "(\(text))"
  }

  /// The operand of a root, which ends after one number or one letter.
  static func radicand(_ text: String) -> String {
    let text = text.trimmingSpaces
    let isOne = text.count == 1 || text.allSatisfy { $0.isNumber || $0 == "." }
    return isOne || isClosed(text) ? text : "(\(text))"
  }

  /// The operand before a slash: without parentheses if it is a product, such as "n(n+1)".
  static func dividend(_ text: String) -> String {
    let text = text.trimmingSpaces
    var depth = 0
    for character in text {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      guard depth > 0 || isFactor(character) || "()√∛∜∂∇!^_∑∏∫∞".contains(character) else {
        return "(\(text))"
      }
    }
    return text
  }

  /// The operand behind a slash: without parentheses if it is one factor, such as "√d" or "∂t".
  static func divisor(_ text: String) -> String {
    let text = text.trimmingSpaces
    guard let first = text.first, "√∛∜∂∇".contains(first) else { return grouped(text) }
    let rest = String(text.dropFirst())
    return isSimple(rest) || isClosed(rest) ? text : "(\(text))"
  }

  private static func isFactor(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "." || character == "′"
      || character.unicodeScalars.count > 1
  }

  private static func isSimple(_ text: String) -> Bool { text.allSatisfy(isFactor) }

  private static func isClosed(_ text: String) -> Bool {
    text.hasPrefix("(") && text.hasSuffix(")") && !text.dropFirst().dropLast().contains { "()".contains($0) }
  }
}

extension String {
  /// The text without spaces at its ends.
  fileprivate var trimmingSpaces: String {
    var text = self[...]
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
