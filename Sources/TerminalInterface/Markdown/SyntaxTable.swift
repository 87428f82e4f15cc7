/// The languages of the highlighter.
package enum SyntaxTable {
  /// A language: its names in code fences, and its syntax.
  struct Language: Sendable {
    let names: [String]
    let syntax: Syntax

    /// - Parameters:
    ///   - names: separated by spaces.
    ///   - keywords: separated by spaces.
    init(_ names: String, _ keywords: String, _ syntax: Syntax = Syntax()) {
      self.names = names.split(separator: " ").map(String.init)
      var syntax = syntax
      syntax.keywords = Set(keywords.split(separator: " ").map(String.init))
      self.syntax = syntax
    }
  }

  /// All names in lower case.
  static let byName: [String: Syntax] = {
    var table: [String: Syntax] = [:]
    for language in languages {
      for name in language.names { table[name] = language.syntax }
    }
    return table
  }()

  /// All languages.
  static let languages = compiled + scripts + functional + data

  /// The number of languages.
  package static var count: Int { languages.count }

  /// Comments as in C.
  static let curly = Syntax(lineComments: ["//"], blockComment: ("/*", "*/"))
  /// Comments as in a shell.
  static let hash = Syntax(lineComments: ["#"])

  private static let compiled: [Language] = [
    Language(
      "swift",
      """
      actor any as associatedtype async await break case catch class continue default defer deinit do else enum \
      extension false fallthrough fileprivate final for func get guard if import in indirect init inout internal is \
      lazy let mutating nil nonisolated open operator override package private protocol public repeat rethrows return \
      self Self set some static struct subscript super switch throw throws true try typealias unowned var weak where \
      while
      """,
      Syntax(lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["\"\"\""], quotes: ["\""])),
    Language(
      "c h",
      """
      auto bool break case char const continue default do double else enum extern false float for goto if inline int \
      long NULL register restrict return short signed sizeof static struct switch true typedef union unsigned void \
      volatile while size_t uint8_t uint32_t uint64_t int32_t int64_t
      """, preprocessed),
    Language(
      "cpp c++ cc cxx hpp cuda cu arduino",
      """
      alignas auto bool break case catch char class co_await co_return co_yield concept const constexpr continue \
      decltype default delete do double else enum explicit export extern false final float for friend if inline int \
      long mutable namespace new noexcept nullptr operator override private protected public requires return short \
      signed sizeof static struct switch template this throw true try typedef typename union unsigned using virtual \
      void volatile while
      """, preprocessed),
    Language(
      "objc objective-c objectivec m",
      """
      BOOL NO YES break case char const continue do double else float for id if in int interface implementation \
      end long nil property protocol return self static struct super switch typedef void while
      """, preprocessed),
    Language(
      "cs csharp c#",
      """
      abstract as async await base bool break byte case catch char class const continue decimal default delegate do \
      double else enum event explicit false finally float for foreach get if implicit in int interface internal is \
      lock long namespace new null object operator out override params private protected public readonly record ref \
      return sealed set short static string struct switch this throw true try typeof using var virtual void when \
      where while yield
      """, curly),
    Language(
      "java",
      """
      abstract assert boolean break byte case catch char class const continue default do double else enum extends \
      false final finally float for if implements import instanceof int interface long native new null package \
      permits private protected public record return sealed short static super switch synchronized this throw throws \
      transient true try var void volatile while yield
      """, Syntax(lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["\"\"\""])),
    Language(
      "kotlin kt kts",
      """
      as break by class companion const continue crossinline data do else enum false final finally for fun if import \
      in init inline interface internal is it lateinit null object open operator out override package private \
      protected public return sealed super suspend this throw true try typealias val var when where while
      """, Syntax(lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["\"\"\""])),
    Language(
      "scala sc",
      """
      abstract case catch class def do else enum export extends extension false final finally for given if implicit \
      import lazy match new null object override package private protected return sealed super then this throw trait \
      true try type using val var while with yield
      """, Syntax(lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["\"\"\""], quotes: ["\""])),
    Language(
      "go golang",
      """
      any break case chan const continue default defer else error fallthrough false for func go goto if import \
      interface iota map nil package range return select string struct switch true type var bool byte int int64 \
      float64 rune uint
      """, Syntax(lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["`"])),
    Language(
      "rust rs",
      """
      as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move \
      mut pub ref return self Self static struct super trait true type unsafe use where while bool char f32 f64 i32 \
      i64 str u8 u32 u64 usize
      """, Syntax(lineComments: ["//"], blockComment: ("/*", "*/"), quotes: ["\""])),
    Language(
      "zig",
      """
      align and anyerror anytype break catch comptime const continue defer else enum errdefer error export extern \
      false fn for if inline null or orelse packed pub return struct switch test true try undefined union unreachable \
      usingnamespace var void while
      """, Syntax(lineComments: ["//"])),
    Language(
      "dart",
      """
      abstract as async await break case catch class const continue default do dynamic else enum extends false final \
      finally for get if implements import in is late mixin new null on required return set static super switch this \
      throw true try var void while with yield
      """, Syntax(lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["\"\"\"", "'''"])),
    Language(
      "fortran f90 f95",
      """
      allocatable allocate call case character contains cycle deallocate dimension do double else elseif end endif \
      exit function if implicit in integer intent interface kind logical module none only optional out parameter \
      pointer precision print procedure program pure read real recursive result return select stop subroutine then \
      type use where while write
      """, Syntax(lineComments: ["!"], ignoresCase: true)),
    Language(
      "ada pascal delphi",
      """
      and array begin body case constant declare do downto else elsif end exception exit for function if in is loop \
      mod new not null of or others out package procedure program raise record repeat return subtype then to type \
      until use uses var when while with
      """, Syntax(lineComments: ["--", "//"], blockComment: ("{", "}"), ignoresCase: true)),
    Language(
      "asm nasm assembly x86asm armasm",
      """
      add and b bl call cmp dec div global imul inc int ja jb je jg jl jmp jne jnz jz ldr lea loop mov mul neg nop not \
      or pop push ret section shl shr str sub test xor
      """, Syntax(lineComments: [";", "//", "#"], ignoresCase: true)),
  ]

  private static let preprocessed = Syntax(
    lineComments: ["//"], blockComment: ("/*", "*/"), directive: "#")
}
