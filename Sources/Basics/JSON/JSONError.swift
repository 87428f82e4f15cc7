/// Why a text is not JSON, or why a JSON value is not what was asked for.
public enum JSONError: Error, Equatable, CustomStringConvertible {
  /// The text breaks the grammar at a place; lines and columns count from 1, columns in bytes.
  case syntax(problem: String, line: Int, column: Int, offset: Int)
  /// An object has no such key.
  case missing(key: String)
  /// A value is of another kind than was asked for.
  case wrongType(key: String, expected: String, found: String)

  /// One line: where, and what was expected.
  public var description: String {
    switch self {
    case .syntax(let problem, let line, let column, _): "line \(line), column \(column): \(problem)"
    case .missing(let key): "\"\(printable(key))\" is missing"
    case .wrongType(let key, let expected, let found):
      "\"\(printable(key))\" should be \(expected) but is \(found)"
    }
  }
}

/// Text from a file made safe for a terminal and a line: control characters escaped, long text cut.
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
