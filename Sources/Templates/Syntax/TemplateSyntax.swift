extension Jinja {
  /// A variable's name as an id, so that scopes need not hash strings.
  typealias Name = Int

  /// A literal.
  enum Literal: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string([UInt8])
  }

  /// An expression. Chains of operators of one precedence (`a + b + c`, `x | f | g`, `a.b.c`) are flat, so
  /// the tree is only as deep as the nesting in the source.
  indirect enum Expression: Sendable {
    case literal(Literal)
    case name(Name)
    case list([Expression])
    case tuple([Expression])
    case dictionary([(key: Expression, value: Expression)])
    case conditional(test: Expression, then: Expression, otherwise: Expression?, line: Int)
    case or([Expression])
    case and([Expression])
    case not(Expression)
    case compare(Expression, [(Comparison, Expression)])
    case binary(Expression, [(BinaryOperator, Expression)])
    case concatenate([Expression])
    case negate(Expression)
    case plus(Expression)
    /// A value and the operations applied to it, from left to right.
    case postfix(Expression, [Postfix])
    /// The input of a filter block's or set block's filter: the text of the block.
    case blockText
  }

  /// An operation on the value before it.
  enum Postfix: Sendable {
    case attribute(String, line: Int)
    case item(Expression, line: Int)
    case slice(Expression?, Expression?, Expression?, line: Int)
    case call(Arguments, line: Int)
    case filter(String, Arguments, line: Int)
    case test(String, Arguments, negated: Bool, line: Int)
  }

  enum Comparison: Sendable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, isIn, notIn }
  enum BinaryOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "** or pow()"
  }

  /// The arguments of a call: by position, by keyword, and the unpacked `*list` and `**mapping`.
  struct Arguments: Sendable {
    var positional: [Expression] = []
    var keywords: [(name: String, value: Expression)] = []
    var spreadList: Expression?
    var spreadMapping: Expression?
  }

  /// The target of an assignment.
  indirect enum Target: Sendable {
    case name(Name)
    case attribute(object: Name, name: String)
    case tuple([Target])
  }

  /// The parameters of a macro or call block; the last `defaults.count` of them have a default.
  struct Signature: Sendable {
    var parameters: [(name: Name, text: String)] = []
    var defaults: [Expression] = []
  }

  struct MacroDefinition: Sendable {
    let name: String
    let signature: Signature
    let body: [Statement]
    /// Which of the special variables the body uses.
    let usesCaller: Bool
    let usesKeywords: Bool
    let usesVariadics: Bool
  }

  struct Loop: Sendable {
    let target: Target
    let items: Expression
    let condition: Expression?
    let isRecursive: Bool
    let body: [Statement]
    let otherwise: [Statement]
  }

  indirect enum Statement: Sendable {
    case text([UInt8])
    case output(Expression, line: Int)
    case set(Target, Expression, line: Int)
    case setBlock(Target, filter: Expression?, [Statement], line: Int)
    case conditional([(test: Expression, body: [Statement], line: Int)], otherwise: [Statement])
    case loop(Loop, line: Int)
    case macro(Name, MacroDefinition, line: Int)
    case call(MacroDefinition, callee: Expression, Arguments, line: Int)
    case filter(Expression, [Statement], line: Int)
    case with([(Target, Expression)], [Statement], line: Int)
    /// `{% generation %}`: the assistant's turn; has a scope of its own.
    case scope([Statement])
    /// `{% block %}`: rendered in place; sees only the template's global variables unless `scoped`.
    case block([Statement], isScoped: Bool)
    case breakLoop
    case continueLoop
  }

  /// A parsed template: its statements, and the mapping between variable names and ids.
  struct Program: Sendable {
    let statements: [Statement]
    let names: [String]
    let ids: [String: Name]
  }
}
