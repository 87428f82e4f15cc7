/// The reason why a text is not JSON, or why a JSON value is not as required.
public enum JSONError: Error, Equatable, CustomStringConvertible {
  /// A syntax error; lines and columns count from 1, columns in bytes.
  case syntax(problem: String, line: Int, column: Int, offset: Int)
  /// A required key is missing.
  case missing(key: String)
  /// A value has another type than required.
  case wrongType(key: String, expected: String, found: String)

  /// One line with the place and the problem.
  public var description: String {
    switch self {
    case .syntax(let problem, let line, let column, _): "line \(line), column \(column): \(problem)"
    case .missing(let key): "\"\(printable(key))\" is missing"
    case .wrongType(let key, let expected, let found):
      "\"\(printable(key))\" should be \(expected) but is \(found)"
    }
  }
}

/// Untrusted text for display on one line of a terminal: control characters are escaped, long text is truncated.
package func printable(_ text: String, limit: Int = 100) -> String {
  var result = ""
  for (index, scalar) in text.unicodeScalars.enumerated() {
    if index == limit { return result + "…" }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
