/// Single characters, escapes and bracket expressions.
extension SplitExpressionParser {
  /// A character, with its other case where that is ignored.
  func literal(_ scalar: Unicode.Scalar) -> Part {
    let own = Part.range(scalar.value...scalar.value)
    guard foldsCase else { return own }
    let others = [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping].compactMap {
      $0.unicodeScalars.count == 1 ? $0.unicodeScalars.first?.value : nil
    }
    // The long s and the Kelvin sign are other cases of s and k.
    let special: [UInt32] =
      "sS".unicodeScalars.contains(scalar) ? [0x17F] : "kK".unicodeScalars.contains(scalar) ? [0x212A] : []
    return .union([own] + (others + special).map { .range($0...$0) })
  }

  /// An escape outside or inside of brackets.
  mutating func escape() -> Part? {
    rest.removeFirst()
    guard let kind = rest.popFirst() else { return nil }
    switch kind {
    case "s": return .classes(.space)
    case "S": return .complement(.classes(.space))
    case "d": return .categories([.decimalNumber])
    case "D": return .complement(.categories([.decimalNumber]))
    case "w": return .word
    case "W": return .complement(.word)
    case "p", "P":
      guard take("{"), let end = rest.firstIndex(of: "}") else { return nil }
      var name = String(String.UnicodeScalarView(rest[..<end]))
      rest = rest[(end + 1)...]
      let isNegative = (kind == "P") != name.hasPrefix("^")
      if name.hasPrefix("^") { name.removeFirst() }
      guard let property = SplitCharacters.property(name) else { return nil }
      return isNegative ? .complement(property) : property
    default: return scalar(escapedBy: kind).map { literal($0) }
    }
  }

  /// The character that an escape stands for, after its backslash and `kind`.
  private mutating func scalar(escapedBy kind: Unicode.Scalar) -> Unicode.Scalar? {
    switch kind {
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "f": return "\u{0C}"
    case "v": return "\u{0B}"
    case "u", "x":
      let isBraced = kind == "x" && take("{")
      var digits = ""
      while let next = rest.first, next.properties.isASCIIHexDigit,
        digits.count < (isBraced ? 6 : kind == "u" ? 4 : 2)
      {
        digits.unicodeScalars.append(next)
        rest.removeFirst()
      }
      guard !isBraced || take("}") else { return nil }
      return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
    // Other letters and digits have meanings that are not supported.
    case _ where kind.properties.isAlphabetic || ("0"..."9").contains(kind): return nil
    default: return kind
    }
  }

  /// A bracket expression; `&&` intersects what is before and after it.
  mutating func bracket() -> Part? {
    depth += 1
    defer { depth -= 1 }
    rest.removeFirst()
    let isNegative = take("^")
    guard depth < Self.deepest, rest.first != "]" else { return nil }
    var whole: Part?
    var parts: [Part] = []
    func intersected() -> Part { whole.map { .intersection($0, .union(parts)) } ?? .union(parts) }
    while !take("]") {
      if take("&&") {
        whole = intersected()
        parts = []
      } else if rest.first == "[" {
        // POSIX classes such as [:alpha:] are not supported.
        guard !rest.starts(with: "[:".unicodeScalars), let inner = bracket() else { return nil }
        parts.append(inner)
      } else {
        guard let part = item() else { return nil }
        parts.append(part)
      }
    }
    let part = Self.joined(intersected())
    return isNegative ? .complement(part) : part
  }

  /// A character, a range of characters, or a class escape within brackets.
  private mutating func item() -> Part? {
    guard let first = rest.first else { return nil }
    var start = first
    if first == "\\" {
      let mark = rest
      rest.removeFirst()
      guard let kind = rest.popFirst(), !"sSdDwWpPbB".unicodeScalars.contains(kind),
        let scalar = scalar(escapedBy: kind)
      else {
        rest = mark
        return escape()
      }
      start = scalar
    } else {
      rest.removeFirst()
    }
    guard rest.first == "-", let following = rest.dropFirst().first, following != "]" else {
      return literal(start)
    }
    rest.removeFirst()
    guard var end = rest.popFirst(), end != "[" else { return nil }
    if end == "\\" {
      guard let kind = rest.popFirst(), let scalar = scalar(escapedBy: kind) else { return nil }
      end = scalar
    }
    guard start.value <= end.value, !foldsCase else { return nil }
    return .range(start.value...end.value)
  }

  /// The same set with a class test in place of two general categories that are a class together.
  private static func joined(_ part: Part) -> Part {
    guard case .union(var parts) = part else { return part }
    func has(_ category: Unicode.GeneralCategory) -> Int? {
      parts.firstIndex { if case .categories(let found) = $0 { found == [category] } else { false } }
    }
    for (first, second, joint) in [
      (
        Unicode.GeneralCategory.uppercaseLetter, Unicode.GeneralCategory.titlecaseLetter, CharacterClass.upper
      ),
      (.modifierLetter, .otherLetter, .caseless),
    ] {
      guard let index = has(first), has(second) != nil else { continue }
      parts[index] = .classes(joint)
      if let other = has(second) { parts.remove(at: other) }
    }
    return .union(parts)
  }
}
