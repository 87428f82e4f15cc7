import TOMLKit

/// A value of a setting, with the types of TOML.
package enum SettingValue: Sendable, Hashable {
  case real(Double)
  case integer(Int)
  case flag(Bool)
  case text(String)
  case list([String])
  /// The default: that of the model, the terminal or the machine, or the built-in one.
  case auto

  /// The value in a TOML document; nil for types that no setting has.
  package init?(_ value: any TOMLValueConvertible) {
    if let flag = value.bool {
      self = .flag(flag)
    } else if let number = value.int {
      self = .integer(number)
    } else if let number = value.double {
      self = .real(number)
    } else if let text = value.string {
      self = .text(text)
    } else if let array = value.array {
      let texts = array.compactMap(\.string)
      guard texts.count == array.count else { return nil }
      self = .list(texts)
    } else {
      return nil
    }
  }

  /// The value as `/set` and the options of commands accept it.
  package var text: String {
    switch self {
    case .real(let number): shortNumber(number)
    case .integer(let number): String(number)
    case .flag(let flag): flag ? "on" : "off"
    case .text(let text): text
    case .list(let texts): texts.joined(separator: ":")
    case .auto: "auto"
    }
  }

  /// The value as TOML, on one line.
  package var toml: String {
    switch self {
    case .real(let number): "\(number)"
    case .integer(let number): String(number)
    case .flag(let flag): flag ? "true" : "false"
    case .text(let text): Self.quoted(text)
    case .list(let texts): "[" + texts.map(Self.quoted).joined(separator: ", ") + "]"
    case .auto: Self.quoted("auto")
    }
  }

  /// A basic string (TOML 1.0): quotation marks, backslashes and control characters are escaped.
  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\t": out += "\\t"
      case "\r": out += "\\r"
      case "\u{0}"..<" ", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
