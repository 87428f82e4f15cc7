#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// Filters that return numbers.
extension Jinja.Interpreter {
  /// Returns nil if this is not one of these filters.
  func numberFilter(_ name: String, _ value: Value, _ arguments: CallArguments) throws(TemplateError)
    -> Value?
  {
    switch name {
    case "int":
      let values = try bind(arguments, ["default", "base"], of: name)
      if case .undefined(let reason) = value { throw undefinedUse(reason) }
      let base = try integer(values[1], or: 10, of: name)
      return Self.integer(value, base: base) ?? values[0] ?? .integer(0)
    case "float":
      if case .undefined(let reason) = value { throw undefinedUse(reason) }
      let fallback = try bind(arguments, ["default"], of: name)[0]
      return Self.float(value).map(Value.float) ?? fallback ?? .float(0)
    case "abs":
      switch value.number {
      case .integer(let number)?: return number < 0 ? try negate(.integer(number)) : .integer(number)
      case .float(let number)?: return .float(number.magnitude)
      case nil: throw wrongOperand("abs", value)
      }
    case "round": return try rounded(value, arguments)
    case "sum":
      let values = try bind(arguments, ["attribute", "start"], of: name)
      let attribute = try attributeGetter(values[0])
      var total = values[1] ?? .integer(0)
      for item in try elements(of: value) { total = try apply(.add, total, try attribute(item)) }
      return total
    default: return nil
    }
  }

  /// Python's `int(value)`, and if that fails `int(float(value))`; nil if both fail.
  private static func integer(_ value: Value, base: Int) -> Value? {
    if case .string(let text) = value {
      return parsedInteger(text, base: base).map(Value.integer) ?? float(value).flatMap(whole)
    }
    switch value.number {
    case .integer(let number)?: return .integer(number)
    case .float(let number)?: return whole(number)
    case nil: return nil
    }
  }

  private static func whole(_ number: Double) -> Value? {
    Int(exactly: number.rounded(.towardZero)).map(Value.integer)
  }

  private static func parsedInteger(_ text: Jinja.Text, base: Int) -> Int? {
    var digits = text.trimmed().string.lowercased()
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
    var base = base
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
      guard base == radix || base == 0 else { continue }
      digits.removeFirst(2)
      base = radix
    }
    if base == 0 { base = 10 }
    // Underscores are allowed only between digits.
    let parts = digits.split(separator: "_", omittingEmptySubsequences: false)
    guard (2...36).contains(base), parts.allSatisfy({ !$0.isEmpty && $0.first != "+" && $0.first != "-" })
    else {
      return nil
    }
    return Int((isNegative ? "-" : "") + parts.joined(), radix: base)
  }

  /// Python's `float(value)`; nil if it fails.
  private static func float(_ value: Value) -> Double? {
    guard case .string(let text) = value else { return value.number?.double }
    var digits = text.trimmed().string.lowercased()
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
    let magnitude: Double?
    switch digits {
    case "inf", "infinity": magnitude = .infinity
    case "nan": magnitude = .nan
    default:
      let parts = digits.split(separator: "_", omittingEmptySubsequences: false)
      let isPlain =
        digits.utf8.allSatisfy { (0x30...0x39).contains($0) || "._e+-".utf8.contains($0) }
        && parts.allSatisfy { !$0.isEmpty } && digits.first != "+" && digits.first != "-"
      // Swift requires digits on both sides of the decimal point, Python does not.
      var plain = parts.joined()
      if plain.hasPrefix(".") { plain = "0" + plain }
      if plain.hasSuffix(".") { plain += "0" }
      plain = plain.split(separator: ".e", omittingEmptySubsequences: false).joined(separator: ".0e")
      magnitude = isPlain && plain.utf8.contains { (0x30...0x39).contains($0) } ? Double(plain) : nil
    }
    return magnitude.map { isNegative ? -$0 : $0 }
  }

  private func rounded(_ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
    let values = try bind(arguments, ["precision", "method"], of: "round")
    let precision = try integer(values[0], or: 0, of: "round")
    let method = try optionalText(values[1], of: "round")?.string ?? "common"
    guard let number = value.number else { throw wrongOperand("round", value) }
    guard abs(precision) <= 300 else {
      throw failure(.value, "'round' to \(precision) places is not supported")
    }
    switch method {
    case "common":
      if case .integer(let whole) = number, precision >= 0 { return .integer(whole) }
      if case .integer(let whole) = number {
        return .integer(Int(exactly: Self.rounded(Double(whole), precision)) ?? whole)
      }
      return .float(Self.rounded(number.double, precision))
    case "ceil", "floor":
      let scale = pow(10, Double(precision))
      let scaled = (number.double * scale).rounded(method == "ceil" ? .up : .down)
      return .float(scaled / scale)
    default: throw failure(.value, "'round' supports the methods common, ceil and floor")
    }
  }

  /// Rounds to `precision` decimal places, half to even, based on the number's exact decimal value.
  static func rounded(_ number: Double, _ precision: Int) -> Double {
    guard number.isFinite else { return number }
    guard precision > 0 else {
      let scale = pow(10, Double(-precision))
      return (number / scale).rounded(.toNearestOrEven) * scale
    }
    return Double(fixed(number, precision)) ?? number
  }

  /// The number with that many decimal places.
  static func fixed(_ number: Double, _ precision: Int) -> String {
    printed(number, "f", precision)
  }

  /// C's `printf` of one number.
  static func printed(_ number: Double, _ conversion: Character, _ precision: Int, _ flags: String = "")
    -> String
  {
    var buffer = [CChar](repeating: 0, count: 400 + precision)
    let count = withVaList([number]) {
      vsnprintf(&buffer, buffer.count, "%\(flags).\(precision)\(conversion)", $0)
    }
    return String(decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
