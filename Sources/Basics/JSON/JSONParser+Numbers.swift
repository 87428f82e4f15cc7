extension JSONParser {
  /// The powers of ten that are exact as Double.
  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
    1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  private static let maxNumberLength = 1000

  /// Parses a number. Integers that fit into 64 bits stay integers; all others become the nearest Double.
  mutating func number() throws(JSONError) -> JSON {
    let start = position
    let negative = bytes[position] == UInt8(ascii: "-")
    if negative { position += 1 }
    var significand: UInt64 = 0
    var overflow = false
    let whole = digits(into: &significand, &overflow)
    guard whole > 0 else { throw error("expected a digit") }
    guard whole == 1 || bytes[position - whole] != UInt8(ascii: "0") else {
      throw error("a number has a leading zero", at: start)
    }
    var isInteger = true
    var exponent = 0
    if position < end, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      let fraction = digits(into: &significand, &overflow)
      guard fraction > 0 else { throw error("expected a digit after the decimal point") }
      exponent -= fraction
    }
    if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      exponent += try explicitExponent()
    }
    guard position - start <= Self.maxNumberLength else {
      throw error("a number has more than \(Self.maxNumberLength) characters", at: start)
    }
    if isInteger, !overflow {
      if negative, significand <= UInt64(Int.max) + 1 {
        return .integer(Int(truncatingIfNeeded: 0 &- significand))
      }
      if !negative, significand <= UInt64(Int.max) { return .integer(Int(significand)) }
    }
    // Both operands are exact, so one rounding gives the nearest Double.
    if !overflow, significand < 1 << 53, abs(exponent) < Self.powersOfTen.count {
      let power = Self.powersOfTen[abs(exponent)]
      let magnitude = exponent < 0 ? Double(significand) / power : Double(significand) * power
      return .number(negative ? -magnitude : magnitude)
    }
    let text = UnsafeBufferPointer(rebasing: bytes[start..<position])
    guard let value = Double(String(decoding: text, as: UTF8.self)) else {
      throw error("not a number", at: start)
    }
    return .number(value)
  }

  /// Parses digits into `significand`; sets `overflow` if they do not fit. Returns the number of digits.
  private mutating func digits(into significand: inout UInt64, _ overflow: inout Bool) -> Int {
    let start = position
    while position < end {
      let digit = bytes[position] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      let (product, first) = significand.multipliedReportingOverflow(by: 10)
      let (sum, second) = product.addingReportingOverflow(UInt64(digit))
      significand = sum
      overflow = overflow || first || second
      position += 1
    }
    return position - start
  }

  private mutating func explicitExponent() throws(JSONError) -> Int {
    position += 1
    var negative = false
    if position < end, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
      negative = bytes[position] == UInt8(ascii: "-")
      position += 1
    }
    var magnitude: UInt64 = 0
    var overflow = false
    guard digits(into: &magnitude, &overflow) > 0 else { throw error("expected a digit in the exponent") }
    // An exponent of this size exceeds any Double; `Double(String)` returns zero or infinity for it.
    let clamped = overflow ? 1_000_000 : Int(min(magnitude, 1_000_000))
    return negative ? -clamped : clamped
  }
}
