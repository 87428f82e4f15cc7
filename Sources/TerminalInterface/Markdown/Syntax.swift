/// The lexical syntax of a language, as needed by the highlighter.
package struct Syntax: Sendable {
  package var keywords: Set<String> = []
  package var lineComments: [String] = []
  package var blockComment: (start: String, end: String)?
  /// The delimiters of strings over several lines.
  package var longQuotes: [String] = []
  package var quotes: Set<Character> = ["\"", "'"]
  package var ignoresCase = false
  package var isDiff = false

  /// The syntax for a language name of a code fence; nil when it is unknown.
  package static func named(_ name: String) -> Syntax? {
    let name = name.lowercased()
    return table.first { $0.names.contains(name) }?.syntax
  }

  private static func words(_ text: String) -> Set<String> {
    Set(text.split(separator: " ").map(String.init))
  }

  private static let table: [(names: Set<String>, syntax: Syntax)] = [
    (
      ["swift"],
      Syntax(
        keywords: words(
          """
          actor any as associatedtype async await break case catch class continue default defer deinit do else \
          enum extension false fallthrough fileprivate final for func get guard if import in indirect init inout \
          internal is lazy let mutating nil nonisolated open operator override package private protocol public \
          repeat rethrows return self Self set some static struct subscript super switch throw throws true try \
          typealias unowned var weak where while
          """), lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["\"\"\""], quotes: ["\""])
    ),
    (
      ["python", "py", "python3"],
      Syntax(
        keywords: words(
          """
          False None True and as assert async await break class continue def del elif else except finally for from \
          global if import in is lambda match nonlocal not or pass raise return try while with yield
          """), lineComments: ["#"], longQuotes: ["\"\"\"", "'''"])
    ),
    (
      ["c", "cpp", "c++", "h", "hpp", "cc", "objc", "cuda", "cs", "csharp"],
      Syntax(
        keywords: words(
          """
          auto bool break case catch char class const constexpr continue default delete do double else enum explicit \
          extern false float for friend if inline int long namespace new nullptr operator override private protected \
          public return short signed sizeof static struct switch template this throw true try typedef typename union \
          unsigned using virtual void volatile while foreach var string
          """), lineComments: ["//"], blockComment: ("/*", "*/"))
    ),
    (
      ["javascript", "js", "typescript", "ts", "jsx", "tsx", "node"],
      Syntax(
        keywords: words(
          """
          abstract any as async await boolean break case catch class const continue default delete do else enum \
          export extends false finally for from function get if implements import in instanceof interface let new \
          null number of private protected public readonly return set static string super switch this throw true try \
          type typeof undefined var void while yield
          """), lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["`"])
    ),
    (
      ["rust", "rs"],
      Syntax(
        keywords: words(
          """
          as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod \
          move mut pub ref return self Self static struct super trait true type unsafe use where while
          """), lineComments: ["//"], blockComment: ("/*", "*/"), quotes: ["\""])
    ),
    (
      ["go", "golang", "java", "kotlin", "kt", "scala", "dart", "php"],
      Syntax(
        keywords: words(
          """
          abstract boolean break case catch chan class const continue data default defer do double else enum extends \
          fallthrough false final finally float for fun func function go goto if implements import in int interface \
          is long map new nil null object override package private protected public range return select static string \
          struct super switch this throw throws true try type val var void when while
          """), lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["\"\"\"", "`"])
    ),
    (
      ["bash", "sh", "shell", "zsh", "console", "fish", "makefile", "make", "dockerfile"],
      Syntax(
        keywords: words(
          """
          if then else elif fi for in do done while until case esac function return exit export local echo cd source \
          set unset sudo FROM RUN COPY WORKDIR ENV CMD
          """), lineComments: ["#"])
    ),
    (
      ["sql", "sqlite", "postgresql", "mysql"],
      Syntax(
        keywords: words(
          """
          add all alter and as asc between by case create delete desc distinct drop else end exists from group having \
          in index inner insert into is join key left like limit not null on or order outer primary references right \
          select set table then union unique update values view when where with
          """), lineComments: ["--"], blockComment: ("/*", "*/"), ignoresCase: true)
    ),
    (
      ["json", "json5", "yaml", "yml", "toml", "ini"],
      Syntax(keywords: ["true", "false", "null"], lineComments: ["#", "//"])
    ),
    (
      ["ruby", "rb", "lua", "elixir", "perl", "r", "julia"],
      Syntax(
        keywords: words(
          """
          and begin break case class def do else elsif end ensure false for function if in local module my next nil \
          not or redo repeat rescue return self sub super then true unless until use when while yield
          """), lineComments: ["#", "--"])
    ),
    (
      ["html", "xml", "svg", "css"],
      Syntax(blockComment: ("<!--", "-->"), quotes: ["\""])
    ),
    (["diff", "patch"], Syntax(isDiff: true)),
  ]
}
