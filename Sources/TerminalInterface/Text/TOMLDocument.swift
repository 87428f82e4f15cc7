import TOMLKit

/// Parses TOML files from outside.
package enum TOMLDocument {
  /// A syntax error and its line, from 1.
  package struct SyntaxError: Error, Equatable {
    package let line: Int
    package let problem: String
  }

  /// Parses a document.
  ///
  /// The parser behind TOMLKit (toml++ 3) ends the process in two cases, which are refused before it: a table header
  /// that begins with neither a key nor a closing bracket, and a closing brace, or a line break other than a line feed, in
  /// place of an array's element. The check does not know strings: a string with `[}` or `,}` in it is refused too.
  /// - Throws: `SyntaxError`.
  package static func parse(_ text: String) throws(SyntaxError) -> TOMLTable {
    if let line = lineOfBadHeader(text) {
      throw SyntaxError(line: line, problem: "a table header must begin with a key, as in [palette]")
    }
    if let line = lineOfBadElement(text) {
      throw SyntaxError(line: line, problem: "an array's element must begin with a value")
    }
    do { return try TOMLTable(string: text) } catch let error as TOMLParseError {
      throw SyntaxError(line: error.source.begin.line, problem: error.description)
    } catch { throw SyntaxError(line: 1, problem: "the file is not valid TOML") }
  }

  /// The first line whose first character is an opening bracket without a key or a closing bracket after it.
  private static func lineOfBadHeader(_ text: String) -> Int? {
    var line = 1
    var isLineStart = true
    var brackets = 0
    for scalar in text.unicodeScalars {
      if brackets > 0 {
        if scalar == "[", brackets == 1 {
          brackets = 2
          continue
        }
        if isSpace(scalar) { continue }
        guard isKeyStart(scalar) || scalar == "]" else { return line }
        brackets = 0
      }
      if isLineBreak(scalar) {
        if scalar == "\n" { line += 1 }
        isLineStart = true
      } else if isLineStart, scalar == "[" {
        brackets = 1
        isLineStart = false
      } else if !isSpace(scalar) {
        isLineStart = false
      }
    }
    return nil
  }

  /// The first line with a closing brace or a rare line break after an opening bracket or a comma; white space and
  /// comments are skipped.
  private static func lineOfBadElement(_ text: String) -> Int? {
    var line = 1
    var expectsElement = false
    var isComment = false
    for scalar in text.unicodeScalars {
      if scalar == "\n" { line += 1 }
      if scalar == "\n" || scalar == "\r" {
        isComment = false
      } else if isComment || isSpace(scalar) {
        continue
      } else if expectsElement, scalar == "#" {
        isComment = true
      } else if expectsElement, scalar == "}" || isLineBreak(scalar) {
        return line
      } else {
        expectsElement = scalar == "[" || scalar == ","
      }
    }
    return nil
  }

  private static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
    ["\n", "\r", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    !isLineBreak(scalar) && (scalar.properties.isWhitespace || scalar == "\u{FEFF}")
  }

  private static func isKeyStart(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar == "-" || scalar == "\"" || scalar == "'"
      || (scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)))
  }
}
