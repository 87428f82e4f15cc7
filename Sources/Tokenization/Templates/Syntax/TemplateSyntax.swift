extension Jinja {
  /// A variable's name as a number, so that scopes need not hash strings.
  typealias Name = Int

  /// A value that is written in the template.
  enum Literal: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string([UInt8])
  }

  /// An expression. Chains of one precedence (`a + b + c`, `x | f | g`, `a.b.c`) are flat, so that the
  /// nesting of the tree is the nesting that the template's author wrote.
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
    /// A value and what is applied to it, from left to right.
    case postfix(Expression, [Postfix])
    /// What a filter block or a set block's filter works on: the text of the block.
    case blockText
  }

  /// What follows a value.
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

  /// The arguments of a call: by position, by keyword, and the spread `*list` and `**mapping`.
  struct Arguments: Sendable {
    var positional: [Expression] = []
    var keywords: [(name: String, value: Expression)] = []
    var spreadList: Expression?
    var spreadMapping: Expression?
  }

  /// What can be assigned to.
  indirect enum Target: Sendable {
    case name(Name)
    case attribute(object: Name, name: String)
    case tuple([Target])
  }

  /// A macro's or call block's parameters; the last `defaults.count` of them have a default.
  struct Signature: Sendable {
    var parameters: [(name: Name, text: String)] = []
    var defaults: [Expression] = []
  }

  struct MacroDefinition: Sendable {
    let name: String
    let signature: Signature
    let body: [Statement]
    /// Which of the special names the body reads.
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
    /// `{% generation %}`: what the assistant said; a scope of its own.
    case scope([Statement])
    /// `{% block %}`: rendered in place; it sees only the template's own variables unless `scoped`.
    case block([Statement], isScoped: Bool)
    case breakLoop
    case continueLoop
  }

  /// A parsed template: its statements and the names that its variables' numbers stand for.
  struct Program: Sendable {
    let statements: [Statement]
    let names: [String]
    let numbers: [String: Name]
  }
}
