// Upper and lower case by Unicode's full mappings, as in Python's `str` methods.
extension Jinja.Text {
  var uppercased: Jinja.Text { Jinja.Text(mapped(\.uppercaseMapping)) }
  var lowercased: Jinja.Text {
    if isASCII { return Jinja.Text(bytes.map { (65...90).contains($0) ? $0 + 32 : $0 }) }
    let scalars = scalars
    var result = ""
    for (position, scalar) in scalars.enumerated() {
      // A capital sigma at the end of a word has a lower case form of its own.
      if scalar == "\u{3a3}", Self.isFinal(position, in: scalars) {
        result += "\u{3c2}"
      } else {
        result += scalar.properties.lowercaseMapping
      }
    }
    return Jinja.Text(result)
  }

  /// The first code point in title case, the rest in lower case.
  var capitalized: Jinja.Text {
    guard let first = scalars.first else { return self }
    let rest = Jinja.Text(scalars.dropFirst()).lowercased
    return Jinja.Text(first.properties.titlecaseMapping + rest.string)
  }

  /// Python's `str.title`: capitalises every run of letters.
  var titlecased: Jinja.Text {
    var result = ""
    var inWord = false
    for scalar in scalars {
      result += inWord ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
      inWord = scalar.properties.isCased
    }
    return Jinja.Text(result)
  }

  var swapcased: Jinja.Text {
    var result = ""
    for scalar in scalars {
      result +=
        scalar.properties.isUppercase
        ? scalar.properties.lowercaseMapping
        : scalar.properties.isLowercase ? scalar.properties.uppercaseMapping : String(scalar)
    }
    return Jinja.Text(result)
  }

  private func mapped(_ mapping: KeyPath<Unicode.Scalar.Properties, String>) -> String {
    var result = ""
    for scalar in string.unicodeScalars { result += scalar.properties[keyPath: mapping] }
    return result
  }

  private static func isFinal(_ position: Int, in scalars: [Unicode.Scalar]) -> Bool {
    let before = scalars[..<position].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(position + 1)...].first { !$0.properties.isCaseIgnorable }
    return (before?.properties.isCased ?? false) && !(after?.properties.isCased ?? false)
  }
}
