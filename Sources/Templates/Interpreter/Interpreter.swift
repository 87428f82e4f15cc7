extension Jinja {
  /// Renders a program once: evaluates the syntax tree and enforces the limits on steps, memory and nesting.
  ///
  /// Runs on the caller's thread. Objects that a template can mutate are tracked and emptied at the end,
  /// which breaks reference cycles and deallocates long chains without recursion.
  final class Interpreter {
    let program: Program
    let clock: LocalTime
    let meter = Meter()
    /// The line being rendered, for errors.
    var line = 1
    var scope: Scope
    private(set) var output: [UInt8] = []
    private var steps = 0
    private var nesting = 0
    private let stack = StackLimit()
    private var tracked: [any Clearable] = []
    /// The texts of the enclosing filter blocks, the innermost last.
    var blockText: [Text] = []
    let loopName: Name?

    init(_ program: Program, clock: LocalTime) {
      self.program = program
      self.clock = clock
      scope = Scope(parent: nil)
      loopName = program.ids["loop"]
      for (name, builtin) in Builtin.globals {
        if let number = program.ids[name] { scope.values[number] = .builtin(builtin) }
      }
    }

    /// Renders with these variables.
    func render(_ variables: [String: Value]) throws(TemplateError) -> String {
      defer {
        for object in tracked { object.clear() }
        scope.clear()
      }
      for (name, value) in variables {
        if let number = program.ids[name] { scope.values[number] = value }
      }
      _ = try run(program.statements)
      return String(decoding: output, as: UTF8.self)
    }

    // MARK: limits

    /// Counts one step, plus one for every 256 bytes of work.
    /// Fails before the stack overflows.
    func step(bytes: Int = 0) throws(TemplateError) {
      guard !stack.isReached else {
        throw failure(.limit, "expressions, tags, macro calls or values nested too deeply for the stack")
      }
      steps += 1 + bytes >> 8
      guard steps <= Limits.steps else {
        throw failure(.limit, "rendering takes more than \(Limits.steps / 1_000_000) million steps")
      }
    }

    /// Counts one level of nesting around `body`.
    func nested<Result>(_ body: () throws(TemplateError) -> Result) throws(TemplateError) -> Result {
      nesting += 1
      defer { nesting -= 1 }
      guard nesting <= Limits.nesting else {
        throw failure(
          .limit, "expressions, tags and macro calls nested more than \(Limits.nesting) deep")
      }
      try step()
      return try body()
    }

    /// Tracks an object that can be mutated, to empty it at the end.
    func track(_ object: any Clearable) throws(TemplateError) {
      guard tracked.count < Limits.mutableObjects else {
        throw failure(.limit, "more than \(Limits.mutableObjects) namespaces, macros and changed lists")
      }
      tracked.append(object)
    }

    func failure(_ kind: TemplateError.Kind, _ message: String) -> TemplateError {
      TemplateError(kind, message, line: line)
    }

    func tooDeep() -> TemplateError {
      failure(.limit, "lists or mappings nested more than \(Limits.valueNesting) deep")
    }

    func tooLong() -> TemplateError { failure(.limit, "a text longer than \(Limits.stringBytes >> 20) MB") }

    // MARK: making values

    /// A string of these bytes, counted against the limits.
    func string(_ bytes: [UInt8]) throws(TemplateError) -> Text {
      try reserve(bytes.count)
      return Text(bytes, lease: meter.lease(bytes.count))
    }

    /// Checks the limits before a text of `count` bytes is created.
    func reserve(_ count: Int) throws(TemplateError) {
      guard count <= Limits.stringBytes else { throw tooLong() }
      try step(bytes: count)
      try checkMemory(count)
    }

    private func checkMemory(_ count: Int) throws(TemplateError) {
      guard meter.allows(count) else {
        throw failure(.limit, "more than \(Limits.liveBytes >> 20) MB of live values")
      }
    }

    /// A list of these elements, counted against the limits.
    func list(_ items: [Value]) throws(TemplateError) -> List {
      List(items, depth: try depth(of: items), lease: try containerLease(items.count))
    }

    func iterator(_ items: [Value]) throws(TemplateError) -> Value {
      .iterator(Generator(items, depth: try depth(of: items), lease: try containerLease(items.count)))
    }

    /// An empty mapping for about `count` entries, counted against the limits.
    func mapping(count: Int) throws(TemplateError) -> Mapping {
      Mapping(lease: try containerLease(2 * count))
    }

    /// Every element counts as 256 bytes, because strings below that size are not counted themselves.
    private func containerLease(_ count: Int) throws(TemplateError) -> Lease? {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: 256)
      guard !overflow else { throw tooLong() }
      try step(bytes: bytes >> 4)
      try checkMemory(bytes)
      return meter.lease(bytes)
    }

    /// The depth of a container of `items`.
    func depth(of items: [Value]) throws(TemplateError) -> Int {
      var depth = 0
      for item in items { depth = max(depth, item.depth) }
      guard depth < Limits.valueNesting else { throw tooDeep() }
      return depth + 1
    }

    // MARK: output

    func emit(_ bytes: [UInt8]) throws(TemplateError) {
      guard output.count + bytes.count <= Limits.stringBytes else { throw tooLong() }
      try reserve(bytes.count)
      meter.add(bytes.count)
      output += bytes
    }

    /// The output of `body`, captured instead of emitted.
    func capture(_ body: () throws(TemplateError) -> Void) throws(TemplateError) -> Text {
      let outer = output
      output = []
      defer {
        meter.add(-output.count)
        output = outer
      }
      try body()
      return try string(output)
    }
  }

  /// Variables: those of this block, then those of the enclosing ones.
  final class Scope {
    var values: [Name: Value] = [:]
    let parent: Scope?

    init(parent: Scope?) { self.parent = parent }

    func lookUp(_ name: Name) -> Value? {
      var scope = self
      while true {
        if let value = scope.values[name] { return value }
        guard let parent = scope.parent else { return nil }
        scope = parent
      }
    }

    /// The outermost scope: the template's own variables.
    var root: Scope {
      var scope = self
      while let parent = scope.parent { scope = parent }
      return scope
    }
  }

  /// An object that can be emptied to release everything it refers to.
  protocol Clearable: AnyObject {
    func clear()
  }
}

extension Jinja.Scope: Jinja.Clearable {
  func clear() { values = [:] }
}

extension Jinja.Namespace: Jinja.Clearable {
  func clear() { removeAll() }
}

extension Jinja.List: Jinja.Clearable {
  func clear() { change(to: [], depth: 1) }
}

extension Jinja.Mapping: Jinja.Clearable {
  func clear() { removeAll() }
}
