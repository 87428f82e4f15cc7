/// Languages of data, queries and markup.
extension SyntaxTable {
  static let data: [Language] = [
    Language(
      "sql sqlite postgresql postgres mysql plsql tsql",
      """
      add all alter and as asc begin between by case cast check column commit constraint create cross cursor database \
      declare default delete desc distinct drop else end except exists false foreign from full function grant group \
      having if in index inner insert intersect into is join key left like limit natural not null offset on or order \
      outer over partition primary procedure references replace returning right rollback select set table then \
      transaction trigger true union unique update using values view when where window with
      """, Syntax(lineComments: ["--"], blockComment: ("/*", "*/"), ignoresCase: true)),
    Language("json json5 jsonc jsonl", "false null true", marked(["//"])),
    Language("yaml yml", "false no null off on true yes", marked(["#"], ["-"])),
    Language("toml ini conf properties dotenv env", "false true", marked(["#", ";"], ["-", "."])),
    Language(
      "hcl terraform tf",
      "data for_each locals module output provider resource terraform variable false null true",
      marked(["#", "//"])),
    Language(
      "html xml svg xhtml vue svelte",
      "", Syntax(blockComment: ("<!--", "-->"), quotes: ["\""], marksTags: true, nameMarks: ["-"])),
    Language(
      "css scss sass less", "important media import keyframes supports font-face root hover",
      Syntax(blockComment: ("/*", "*/"), marksKeys: true, nameMarks: ["-"])),
    Language(
      "graphql gql",
      "enum extend fragment implements input interface mutation on query scalar schema subscription type union",
      Syntax(lineComments: ["#"], longQuotes: ["\"\"\""], marksKeys: true)),
    Language(
      "protobuf proto",
      """
      bool bytes double enum extend float import int32 int64 map message oneof option optional package repeated \
      required reserved returns rpc service string syntax uint32 uint64
      """, curly),
    Language(
      "solidity sol",
      """
      address bool bytes constructor contract else emit enum event external false for function if import indexed \
      interface internal is mapping memory modifier new payable pragma private public pure require return returns \
      storage string struct true uint uint256 using view virtual while
      """, curly),
    Language(
      "verilog systemverilog sv vhdl",
      """
      always architecture assign begin case else end endcase endmodule entity for if initial input inout integer \
      is logic module negedge output parameter port posedge process reg signal then wire while
      """, Syntax(lineComments: ["//", "--"], blockComment: ("/*", "*/"), quotes: ["\""])),
    Language("latex tex bibtex", "", Syntax(lineComments: ["%"], quotes: [], directive: "\\")),
    Language("nginx", "events http listen location proxy_pass return root server server_name upstream", hash),
    Language("markdown md", "", Syntax(quotes: [], directive: "#")),
    Language("diff patch", "", Syntax(isDiff: true)),
  ]

  private static func marked(_ comments: [String], _ nameMarks: Set<Character> = []) -> Syntax {
    Syntax(lineComments: comments, marksKeys: true, nameMarks: nameMarks)
  }
}
