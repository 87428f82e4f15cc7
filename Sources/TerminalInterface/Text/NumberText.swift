/// Number formatting without a locale: a decimal point, and a thin space between thousands.

/// Up to `digits` decimals without trailing zeros: 0.7, 1, 0.05.
package func shortNumber(_ value: Double, digits: Int = 4) -> String {
  var text = fixed(value, digits)
  if text.contains(".") {
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
  }
  return text
}

/// Exactly `digits` decimals; "–" for values that are not finite or too large.
package func fixed(_ value: Double, _ digits: Int) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = (abs(value) * scale).rounded()
  guard scaled.isFinite, scaled < 1e15 else { return "–" }
  let whole = Int(scaled) / Int(scale)
  var text = (value < 0 && scaled > 0 ? "-" : "") + String(whole)
  if digits > 0 {
    let rest = String(Int(scaled) % Int(scale))
    text += "." + String(repeating: "0", count: digits - rest.count) + rest
  }
  return text
}

/// A count with separated thousands: 9 939.
package func grouped(_ count: Int) -> String {
  let digits = Array(String(count.magnitude))
  var text = count < 0 ? "-" : ""
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 { text += "\u{202F}" }
    text.append(digit)
  }
  return text
}

/// A duration in seconds as text: <1 ms, 85 ms, 0.40 s, 12 s, 2 m 05 s.
package func duration(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
  if seconds < 0.0005 { return "<1 ms" }
  if seconds < 0.1 { return "\(Int((seconds * 1000).rounded())) ms" }
  if seconds < 10 { return fixed(seconds, 2) + " s" }
  if seconds < 60 { return "\(Int(seconds.rounded())) s" }
  let total = Int(seconds.rounded())
  let rest = total % 60
  return "\(total / 60) m \(rest < 10 ? "0" : "")\(rest) s"
}

/// A size in bytes: 98 MB, 1.2 GB.
package func byteSize(_ bytes: Int) -> String {
  let units = ["B", "kB", "MB", "GB", "TB"]
  var value = Double(max(0, bytes))
  var unit = 0
  while value >= 999.5 && unit < units.count - 1 {
    value /= 1000
    unit += 1
  }
  return (value < 9.95 && unit > 0 ? fixed(value, 1) : fixed(value, 0)) + " " + units[unit]
}

/// A short count of tokens: 812, 8.2k, 131k.
package func tokenCount(_ count: Int) -> String {
  if count < 1000 { return String(max(0, count)) }
  let thousands = Double(count) / 1000
  return (thousands < 9.95 ? fixed(thousands, 1) : fixed(thousands, 0)) + "k"
}

/// An age in seconds as text: just now, 5 min ago, 3 h ago, 12 d ago.
package func age(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e11 else { return "long ago" }
  if seconds < 60 { return "just now" }
  if seconds < 3600 { return "\(Int(seconds / 60)) min ago" }
  if seconds < 48 * 3600 { return "\(Int(seconds / 3600)) h ago" }
  return "\(grouped(Int(seconds / 86400))) d ago"
}
