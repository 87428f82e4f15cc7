/// A regular expression that splits text into pieces, in the syntax of Oniguruma that tokenizer.json uses: alternatives,
/// groups, `(?i:…)`, lookahead, atomic groups, bracket expressions with `&&`, Unicode properties, and greedy, lazy and
/// possessive quantifiers.
///
/// The patterns of widespread models have scanners of their own (`WordScanner`), which are an order of magnitude faster;
/// this is for all others. Compiled to instructions that a backtracking matcher runs (`SplitMatcher`). The memory of a
/// match grows with the number of repetitions of groups, not with runs of single characters; a match that takes more
/// than `SplitMatcher.mostSteps` steps counts as none, so that a hostile pattern cannot stop the program.
struct SplitExpression: Equatable, Sendable {
  /// One step of the matcher. Targets are indices of instructions.
  enum Instruction: Sendable {
    /// Matches one character of a set.
    case one(set: Int)
    /// Matches characters of a set, as many as possible; gives them back one by one unless it is possessive.
    case run(set: Int, least: Int, most: Int, isPossessive: Bool)
    /// Continues at the first target, and at the second if that fails.
    case split(first: Int, second: Int)
    case jump(Int)
    /// Tests whether the following instructions match here, and continues at `end` without consuming text.
    case look(isNegative: Bool, end: Int)
    /// Matches the following instructions once, and continues at `end`.
    case atomic(end: Int)
    /// `^`: the start of the text or after a line break.
    case lineStart
    /// `$`: the end of the text or before a line break.
    case lineEnd
    /// `\b` or `\B`.
    case wordBoundary(isNegative: Bool)
    /// The end of the expression, or of a lookahead or atomic group.
    case accept
  }

  /// The expression as written.
  let source: String
  let instructions: [Instruction]
  let sets: [SplitCharacters]

  /// Compiles an expression. Returns nil for a syntax that is not supported, so that none is misinterpreted.
  init?(_ source: String) {
    var parser = SplitExpressionParser(source)
    guard let node = parser.parse() else { return nil }
    var compiler = SplitExpressionCompiler()
    guard compiler.compile(node) else { return nil }
    self.source = source
    instructions = compiler.instructions + [.accept]
    sets = compiler.sets
  }

  static func == (left: Self, right: Self) -> Bool { left.source == right.source }

  /// The syntax tree.
  indirect enum Node {
    case set(SplitCharacters)
    case sequence([Node])
    case alternatives([Node])
    /// `most` is nil for no limit.
    case repetition(Node, least: Int, most: Int?, Mode)
    case look(Node, isNegative: Bool)
    case atomic(Node)
    case lineStart, lineEnd
    case wordBoundary(isNegative: Bool)

    /// Whether this can match the empty text.
    var canBeEmpty: Bool {
      switch self {
      case .set: false
      case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
      case .alternatives(let nodes): nodes.contains(where: \.canBeEmpty)
      case .repetition(let node, let least, _, _): least == 0 || node.canBeEmpty
      case .look, .lineStart, .lineEnd, .wordBoundary: true
      case .atomic(let node): node.canBeEmpty
      }
    }
  }

  /// How a quantifier repeats.
  enum Mode { case greedy, lazy, possessive }
}

/// Compiles a syntax tree to instructions.
struct SplitExpressionCompiler {
  private(set) var instructions: [SplitExpression.Instruction] = []
  private(set) var sets: [SplitCharacters] = []
  private static let mostInstructions = 20_000

  /// Appends the instructions of a node; false if there are too many, or an endless loop is possible.
  mutating func compile(_ node: SplitExpression.Node) -> Bool {
    guard instructions.count < Self.mostInstructions else { return false }
    switch node {
    case .set(let characters):
      sets.append(characters)
      instructions.append(.one(set: sets.count - 1))
      return true
    case .sequence(let nodes): return nodes.allSatisfy { compile($0) }
    case .alternatives(let nodes): return compile(alternatives: nodes[...])
    case .repetition(let node, let least, let most, let mode):
      return compile(node, least: least, most: most, mode)
    case .look(let node, let isNegative):
      return compileGroup(node) { .look(isNegative: isNegative, end: $0) }
    case .atomic(let node): return compileGroup(node) { .atomic(end: $0) }
    case .lineStart: instructions.append(.lineStart)
    case .lineEnd: instructions.append(.lineEnd)
    case .wordBoundary(let isNegative): instructions.append(.wordBoundary(isNegative: isNegative))
    }
    return true
  }

  private mutating func compile(alternatives nodes: ArraySlice<SplitExpression.Node>) -> Bool {
    guard let first = nodes.first else { return true }
    guard nodes.count > 1 else { return compile(first) }
    let split = reserve()
    guard compile(first) else { return false }
    let jump = reserve()
    instructions[split] = .split(first: split + 1, second: instructions.count)
    guard compile(alternatives: nodes.dropFirst()) else { return false }
    instructions[jump] = .jump(instructions.count)
    return true
  }

  private mutating func compileGroup(
    _ node: SplitExpression.Node, _ instruction: (Int) -> SplitExpression.Instruction
  ) -> Bool {
    let start = reserve()
    guard compile(node) else { return false }
    instructions.append(.accept)
    instructions[start] = instruction(instructions.count)
    return true
  }

  private mutating func compile(
    _ node: SplitExpression.Node, least: Int, most: Int?, _ mode: SplitExpression.Mode
  ) -> Bool {
    if case .set(let characters) = node, mode != .lazy {
      sets.append(characters)
      instructions.append(
        .run(set: sets.count - 1, least: least, most: most ?? .max, isPossessive: mode == .possessive))
      return true
    }
    if mode == .possessive {
      return compileGroup(.repetition(node, least: least, most: most, .greedy)) { .atomic(end: $0) }
    }
    guard most != nil || !node.canBeEmpty else { return false }
    for _ in 0..<least { guard compile(node) else { return false } }
    func split(_ enter: Int, _ leave: Int) -> SplitExpression.Instruction {
      mode == .lazy ? .split(first: leave, second: enter) : .split(first: enter, second: leave)
    }
    guard let most else {
      let start = reserve()
      guard compile(node) else { return false }
      instructions.append(.jump(start))
      instructions[start] = split(start + 1, instructions.count)
      return true
    }
    var splits: [Int] = []
    for _ in least..<max(most, least) {
      splits.append(reserve())
      guard compile(node) else { return false }
    }
    for index in splits { instructions[index] = split(index + 1, instructions.count) }
    return true
  }

  /// Appends a place for an instruction whose target is not known yet.
  private mutating func reserve() -> Int {
    instructions.append(.accept)
    return instructions.count - 1
  }
}
