/// The lexical syntax of a language, as needed by the highlighter. `SyntaxTable` has the languages.
package struct Syntax: Sendable {
  package var keywords: Set<String> = []
  package var lineComments: [String] = []
  package var blockComment: (start: String, end: String)?
  /// The delimiters of strings over several lines.
  package var longQuotes: [String] = []
  package var quotes: Set<Character> = ["\"", "'"]
  package var ignoresCase = false
  package var isDiff = false
  /// A name before a colon or an equals sign is a key, which has the colour of keywords.
  package var marksKeys = false
  /// A name after "<" or "</" is the name of a tag, which has the colour of keywords.
  package var marksTags = false
  /// A line that starts with this is an instruction of a preprocessor: its first word is a keyword.
  package var directive: Character?
  /// Characters of names beside letters, digits and "_".
  package var nameMarks: Set<Character> = []

  /// The syntax for a language name of a code fence; nil when it is unknown.
  package static func named(_ name: String) -> Syntax? { SyntaxTable.byName[name.lowercased()] }
}
