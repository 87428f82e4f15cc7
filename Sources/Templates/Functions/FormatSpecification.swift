import Basics

extension Jinja {
  /// How one value is formatted: the part of a format such as `%-8.3f` or `{:>8,.2f}` after the name.
  struct FormatSpecification {
    var fill: Unicode.Scalar = " "
    /// `<`, `>`, `^` or `=`; nil for the default of the type.
    var alignment: Unicode.Scalar?
    /// `+`, `-` or a space.
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    /// The separator between groups of digits.
    var grouping: Unicode.Scalar?
    var width = 0
    var precision: Int?
    /// The conversion, such as `d` or `f`.
    var conversion: Unicode.Scalar?

    /// Parses Python's format mini-language; nil if the text is invalid.
    init?(_ text: Text) {
      var rest = text.scalars[...]
      let alignments: [Unicode.Scalar] = ["<", ">", "^", "="]
      if let second = rest.dropFirst().first, alignments.contains(second), let first = rest.first {
        (fill, alignment) = (first, second)
        rest = rest.dropFirst(2)
      } else if let first = rest.first, alignments.contains(first) {
        alignment = first
        rest = rest.dropFirst()
      }
      if let first = rest.first, first == "+" || first == "-" || first == " " {
        sign = first
        rest = rest.dropFirst()
      }
      if rest.first == "#" {
        isAlternate = true
        rest = rest.dropFirst()
      }
      if rest.first == "0" {
        if alignment == nil { (fill, alignment) = ("0", "=") }
        rest = rest.dropFirst()
      }
      guard let width = Self.number(&rest) else { return nil }
      self.width = width
      if rest.first == "," || rest.first == "_" { grouping = rest.removeFirst() }
      if rest.first == "." {
        rest = rest.dropFirst()
        guard rest.first?.properties.numericType == .decimal, let precision = Self.number(&rest) else {
          return nil
        }
        self.precision = precision
      }
      conversion = rest.popFirst()
      guard rest.isEmpty else { return nil }
    }

    init() {}

    /// Parses digits as a number, 0 if there are none; nil above 100,000.
    static func number(_ rest: inout ArraySlice<Unicode.Scalar>) -> Int? {
      var number = 0
      while let scalar = rest.first, (0x30...0x39).contains(scalar.value) {
        number = number * 10 + Int(scalar.value - 0x30)
        guard number <= 100_000 else { return nil }
        rest = rest.dropFirst()
      }
      return number
    }

    /// The text padded to the field's width.
    func padded(_ text: String, isNumber: Bool) -> String {
      let missing = width - text.unicodeScalars.count
      guard missing > 0 else { return text }
      func blanks(_ count: Int) -> String { String(repeating: String(fill), count: count) }
      switch alignment ?? (isNumber ? ">" : "<") {
      case ">": return blanks(missing) + text
      case "^": return blanks(missing / 2) + text + blanks(missing - missing / 2)
      case "=":
        let prefix = text.prefix { "+- ".contains($0) }
        return prefix + blanks(missing) + text.dropFirst(prefix.count)
      default: return text + blanks(missing)
      }
    }

    /// An integer formatted with this conversion; nil if the conversion is not for integers.
    func printed(_ number: Int) -> String? {
      let (radix, prefix): (Int, String)
      switch conversion {
      case "d", "i", "u", "n", nil: (radix, prefix) = (10, "")
      case "x", "X": (radix, prefix) = (16, "0x")
      case "o": (radix, prefix) = (8, "0o")
      case "b": (radix, prefix) = (2, "0b")
      case "c":
        guard let scalar = UInt32(exactly: number).flatMap(Unicode.Scalar.init) else { return nil }
        return String(scalar)
      default: return nil
      }
      var digits = String(number.magnitude, radix: radix)
      if let grouping { digits = Self.grouped(digits, grouping, by: radix == 10 ? 3 : 4) }
      if let precision { digits = String(repeating: "0", count: max(0, precision - digits.count)) + digits }
      if isAlternate { digits = prefix + digits }
      return signed(conversion == "X" ? digits.uppercased() : digits, isNegative: number < 0)
    }

    /// A number formatted with this conversion; nil if the conversion is not for floats.
    func printed(_ number: Double) -> String? {
      var text: String
      let magnitude = number.magnitude
      switch conversion {
      case nil where precision == nil: text = PythonFloat.repr(magnitude)
      case nil:
        text = Jinja.Interpreter.printed(magnitude, "g", max(1, precision ?? 6))
        if !text.contains(".") && !text.contains("e") && number.isFinite { text += ".0" }
      case "e", "f", "g", "E", "F", "G":
        let letter = Character(conversion ?? "f")
        text = Jinja.Interpreter.printed(magnitude, letter, precision ?? 6, isAlternate ? "#" : "")
      case "%": text = Jinja.Interpreter.printed(magnitude * 100, "f", precision ?? 6) + "%"
      default: return nil
      }
      if let grouping {
        let whole = text.prefix { $0.isNumber }
        text = Self.grouped(String(whole), grouping, by: 3) + text.dropFirst(whole.count)
      }
      return signed(text, isNegative: number.sign == .minus && !number.isNaN)
    }

    private func signed(_ text: String, isNegative: Bool) -> String {
      isNegative ? "-" + text : sign == "-" ? text : String(sign) + text
    }

    private static func grouped(_ digits: String, _ separator: Unicode.Scalar, by size: Int) -> String {
      var result = ""
      for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % size == 0 { result.unicodeScalars.append(separator) }
        result.append(digit)
      }
      return result
    }
  }
}
