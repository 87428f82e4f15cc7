/// Formats numbers as Python does: the shortest digits that parse to the same value, an exponent from 1e16 and below
/// 1e-4, and always a decimal point or an exponent.
public enum PythonFloat {
  /// Python's `repr(value)`: "0.1", "1e-05", "1e+16", "inf", "nan".
  public static func repr(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let (digits, point) = shortest(value.magnitude)
    return (value.sign == .minus ? "-" : "") + layout(digits, point)
  }

  /// Python's `json.dumps(value)`: as `repr`, but "Infinity", "-Infinity" and "NaN".
  public static func json(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return repr(value)
  }

  /// The shortest digits d1d2d3... without leading and trailing zeros, and the exponent e of 0.d1d2d3... * 10^e.
  private static func shortest(_ magnitude: Double) -> (digits: [UInt8], exponent: Int) {
    // Swift's description has the shortest digits; only the layout differs.
    var digits: [UInt8] = []
    var exponent: Int?
    var rest = Array(magnitude.description.utf8)[...]
    scan: while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "."): exponent = digits.count
      case UInt8(ascii: "e"):
        let power = Int(String(decoding: rest, as: UTF8.self)) ?? 0
        exponent = (exponent ?? digits.count) + power
        break scan
      default: digits.append(byte)
      }
    }
    var point = exponent ?? digits.count
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(zeros)
    point -= zeros
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return digits.isEmpty ? ([UInt8(ascii: "0")], 1) : (digits, point)
  }

  private static func layout(_ digits: [UInt8], _ point: Int) -> String {
    let text = String(decoding: digits, as: UTF8.self)
    // Python uses the exponent of d1.d2d3...
    let exponent = point - 1
    if exponent < -4 || exponent >= 16 {
      let fraction = digits.count > 1 ? "." + text.dropFirst() : ""
      let size = String(exponent.magnitude)
      return text.prefix(1) + fraction + (exponent < 0 ? "e-" : "e+") + (size.count < 2 ? "0" : "") + size
    }
    if point <= 0 { return "0." + String(repeating: "0", count: -point) + text }
    if point >= digits.count {
      return text + String(repeating: "0", count: point - digits.count) + ".0"
    }
    return text.prefix(point) + "." + text.dropFirst(point)
  }
}
