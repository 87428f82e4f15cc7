/// Parses the syntax of a `SplitExpression`. Every method returns nil for what is not supported.
struct SplitExpressionParser {
  typealias Node = SplitExpression.Node
  typealias Part = SplitCharacters.Part

  var rest: ArraySlice<Unicode.Scalar>
  var foldsCase = false
  var depth = 0
  static let deepest = 50

  init(_ source: String) { rest = Array(source.unicodeScalars)[...] }

  /// The whole expression.
  mutating func parse() -> Node? {
    guard let node = alternatives(), rest.isEmpty else { return nil }
    return node
  }

  mutating func take(_ text: String) -> Bool {
    guard rest.starts(with: text.unicodeScalars) else { return false }
    rest = rest.dropFirst(text.unicodeScalars.count)
    return true
  }

  private mutating func alternatives() -> Node? {
    depth += 1
    defer { depth -= 1 }
    guard depth < Self.deepest else { return nil }
    var branches: [Node] = []
    repeat {
      guard let branch = sequence() else { return nil }
      branches.append(branch)
    } while take("|")
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  private mutating func sequence() -> Node? {
    var nodes: [Node] = []
    while let next = rest.first, next != "|", next != ")" {
      guard let atom = atom(), let node = quantified(atom) else { return nil }
      nodes.append(node)
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func quantified(_ atom: Node) -> Node? {
    let least: Int
    let most: Int?
    var isInterval = false
    switch rest.first {
    case "?": (least, most) = (0, 1)
    case "*": (least, most) = (0, nil)
    case "+": (least, most) = (1, nil)
    case "{":
      guard let bounds = interval() else { return nil }
      (least, most) = bounds
      isInterval = true
    default: return atom
    }
    if !isInterval { rest.removeFirst() }
    var mode = SplitExpression.Mode.greedy
    if take("?") {
      // `{n}?` is not lazy in Oniguruma.
      if isInterval { return nil }
      mode = .lazy
    } else if rest.first == "+" {
      // After an interval it is another quantifier in Oniguruma.
      if isInterval { return nil }
      rest.removeFirst()
      mode = .possessive
    }
    guard rest.first.map({ !"?*+{".unicodeScalars.contains($0) }) ?? true else { return nil }
    return .repetition(atom, least: least, most: most, mode)
  }

  /// `{n}`, `{n,}` or `{n,m}`.
  private mutating func interval() -> (Int, Int?)? {
    rest.removeFirst()
    func number() -> Int? {
      var digits = ""
      while let next = rest.first, ("0"..."9").contains(next), digits.count < 5 {
        digits.unicodeScalars.append(next)
        rest.removeFirst()
      }
      return Int(digits)
    }
    guard let least = number() else { return nil }
    if take("}") { return (least, least) }
    guard take(",") else { return nil }
    if take("}") { return (least, nil) }
    guard let most = number(), most >= least, take("}") else { return nil }
    return (least, most)
  }

  private mutating func atom() -> Node? {
    guard let first = rest.first else { return nil }
    switch first {
    case "(": return group()
    case "[": return bracket().map { .set(SplitCharacters($0)) }
    case "\\":
      if take("\\b") { return .wordBoundary(isNegative: false) }
      if take("\\B") { return .wordBoundary(isNegative: true) }
      return escape().map { .set(SplitCharacters($0)) }
    case ".":
      rest.removeFirst()
      return .set(SplitCharacters(.complement(.range(0x0A...0x0A))))
    case "^":
      rest.removeFirst()
      return .lineStart
    case "$":
      rest.removeFirst()
      return .lineEnd
    case "?", "*", "+", "{": return nil
    default:
      rest.removeFirst()
      return .set(SplitCharacters(literal(first)))
    }
  }

  private mutating func group() -> Node? {
    let folds = foldsCase
    defer { foldsCase = folds }
    var wrap: (Node) -> Node = { $0 }
    if take("(?:") {
    } else if take("(?i:") {
      foldsCase = true
    } else if take("(?=") {
      wrap = { .look($0, isNegative: false) }
    } else if take("(?!") {
      wrap = { .look($0, isNegative: true) }
    } else if take("(?>") {
      wrap = { .atomic($0) }
    } else if rest.starts(with: "(?".unicodeScalars) {
      return nil
    } else {
      rest.removeFirst()
    }
    guard let node = alternatives(), take(")") else { return nil }
    return wrap(node)
  }
}
