extension Jinja {
  /// The `loop` variable.
  final class LoopState {
    let items: [Value]
    /// The memory of `items`, if they were created for this loop.
    private let lease: List?
    /// The current element's index, from 0.
    var index = 0
    /// The number of enclosing recursive loops.
    let depth0: Int
    let depth: Int
    /// The loop and its scope, if it is recursive.
    let recursion: (loop: Loop, scope: Scope)?
    var lastChanged: [Value]?

    init(
      _ items: [Value], lease: List?, depth0: Int, depth: Int, recursion: (loop: Loop, scope: Scope)?
    ) {
      self.items = items
      self.lease = lease
      self.depth0 = depth0
      self.depth = depth
      self.recursion = recursion
    }
  }
}

extension Jinja.LoopState: Jinja.Clearable {
  func clear() { lastChanged = nil }
}

// For loops.
extension Jinja.Interpreter {
  func runOutermost(_ loop: Jinja.Loop) throws(TemplateError) {
    try run(loop, over: try evaluate(loop.items), depth0: 0)
  }

  /// Runs a loop in the current scope. As in jinja2, `else` runs unless an iteration reached its end.
  private func run(_ loop: Jinja.Loop, over value: Value, depth0: Int) throws(TemplateError) {
    var items = try elements(of: value)
    if let condition = loop.condition { items = try filtered(items, of: loop, where: condition) }
    let lease: Jinja.List? = if case .list = value { nil } else { try list(items) }
    let state = Jinja.LoopState(
      items, lease: lease, depth0: depth0, depth: try depth(of: items),
      recursion: loop.isRecursive ? (loop, scope) : nil)
    var anyCompleted = false
    for (index, item) in items.enumerated() {
      try step()
      state.index = index
      let flow = try inScope { () throws(TemplateError) in
        if let loopName { scope.values[loopName] = .loop(state) }
        try assign(item, to: loop.target)
        return try run(loop.body)
      }
      if flow == .breakLoop { break }
      if flow == .normal { anyCompleted = true }
    }
    if !anyCompleted, !loop.otherwise.isEmpty {
      _ = try inScope { () throws(TemplateError) in try run(loop.otherwise) }
    }
  }

  private func filtered(
    _ items: [Value], of loop: Jinja.Loop, where condition: Jinja.Expression
  ) throws(TemplateError) -> [Value] {
    try inScope { () throws(TemplateError) in
      var kept: [Value] = []
      for item in items {
        try step()
        try assign(item, to: loop.target)
        if try evaluate(condition).isTrue { kept.append(item) }
      }
      return kept
    }
  }

  /// `loop(items)` within a recursive loop: the loop's output for those items.
  func recurse(_ state: Jinja.LoopState, over value: Value) throws(TemplateError) -> Value {
    guard let (loop, parent) = state.recursion else {
      throw failure(.type, "'loop' can only be called in a loop that is marked 'recursive'")
    }
    let text = try nested { () throws(TemplateError) in
      try capture { () throws(TemplateError) in
        let outer = scope
        scope = parent
        defer { scope = outer }
        try run(loop, over: value, depth0: state.depth0 + 1)
      }
    }
    return .string(text)
  }

  /// An attribute of `loop`; nil if there is none of that name.
  func attribute(_ name: String, of loop: Jinja.LoopState) -> Value? {
    let count = loop.items.count
    switch name {
    case "index": return .integer(loop.index + 1)
    case "index0": return .integer(loop.index)
    case "revindex": return .integer(count - loop.index)
    case "revindex0": return .integer(count - loop.index - 1)
    case "first": return .bool(loop.index == 0)
    case "last": return .bool(loop.index == count - 1)
    case "length": return .integer(count)
    case "depth": return .integer(loop.depth0 + 1)
    case "depth0": return .integer(loop.depth0)
    case "previtem":
      return loop.index > 0 ? loop.items[loop.index - 1] : undefined("there is no previous item")
    case "nextitem":
      return loop.index + 1 < count ? loop.items[loop.index + 1] : undefined("there is no next item")
    case "cycle", "changed": return .method(Jinja.Method(.loop(loop), name))
    default: return nil
    }
  }

  /// `loop.cycle` and `loop.changed`.
  func call(_ name: String, on loop: Jinja.LoopState, _ arguments: [Value]) throws(TemplateError) -> Value {
    if name == "cycle" {
      guard !arguments.isEmpty else { throw failure(.type, "'cycle' needs something to cycle through") }
      return arguments[loop.index % arguments.count]
    }
    let isSame = loop.lastChanged.map { last in
      last.count == arguments.count && zip(last, arguments).allSatisfy { $0.equals($1) }
    }
    if loop.lastChanged == nil { try track(loop) }
    loop.lastChanged = arguments
    return .bool(!(isSame ?? false))
  }
}
