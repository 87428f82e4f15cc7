extension Jinja {
  /// Renders one program once: walks the tree, and counts steps, memory and nesting against the limits.
  ///
  /// Everything lives on the caller's thread for one call. Objects that a template can change in place are
  /// remembered and emptied at the end, so that cycles are freed and long chains fall apart without recursion.
  final class Interpreter {
    let program: Program
    let clock: LocalTime
    let meter = Meter()
    /// The line that is being rendered, for errors.
    var line = 1
    var scope: Scope
    private(set) var output: [UInt8] = []
    private var steps = 0
    private var nesting = 0
    private var changed: [any Clearable] = []
    /// The text of the block that a filter block works on.
    var blockText: [Text] = []
    let loopName: Name?

    init(_ program: Program, clock: LocalTime) {
      self.program = program
      self.clock = clock
      scope = Scope(parent: nil)
      loopName = program.numbers["loop"]
      for (name, builtin) in Builtin.globals {
        if let number = program.numbers[name] { scope.values[number] = .builtin(builtin) }
      }
    }

    /// Renders with these variables.
    func render(_ variables: [String: Value]) throws(TemplateError) -> String {
      defer {
        for object in changed { object.clear() }
        scope.clear()
      }
      for (name, value) in variables {
        if let number = program.numbers[name] { scope.values[number] = value }
      }
      _ = try run(program.statements)
      return String(decoding: output, as: UTF8.self)
    }

    // MARK: limits

    /// Counts one step, or as many as the work on `bytes` bytes is worth.
    func step(bytes: Int = 0) throws(TemplateError) {
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
          .limit, "more than \(Limits.nesting) expressions, tags and macro calls inside one another")
      }
      try step()
      return try body()
    }

    /// Remembers an object that is changed in place.
    func remember(_ object: any Clearable) throws(TemplateError) {
      guard changed.count < Limits.mutableObjects else {
        throw failure(.limit, "more than \(Limits.mutableObjects) namespaces, macros and changed lists")
      }
      changed.append(object)
    }

    func failure(_ kind: TemplateError.Kind, _ message: String) -> TemplateError {
      TemplateError(kind, message, line: line)
    }

    func tooDeep() -> TemplateError {
      failure(.limit, "lists or mappings more than \(Limits.valueNesting) deep")
    }

    func tooLong() -> TemplateError { failure(.limit, "a text longer than \(Limits.stringBytes >> 20) MB") }

    // MARK: making values

    /// A string of these bytes, counted against the limits.
    func string(_ bytes: [UInt8]) throws(TemplateError) -> Text {
      try reserve(bytes.count)
      return Text(bytes, lease: meter.lease(bytes.count))
    }

    /// Refuses a text of `count` bytes before it is made.
    func reserve(_ count: Int) throws(TemplateError) {
      guard count <= Limits.stringBytes else { throw tooLong() }
      try step(bytes: count)
      try checkMemory(count)
    }

    private func checkMemory(_ count: Int) throws(TemplateError) {
      guard meter.allows(count) else {
        throw failure(.limit, "values of more than \(Limits.liveBytes >> 20) MB at one time")
      }
    }

    /// A list of these elements, counted against the limits.
    func list(_ items: [Value]) throws(TemplateError) -> List {
      List(items, depth: try depth(of: items), lease: try containerLease(items.count))
    }

    func iterator(_ items: [Value]) throws(TemplateError) -> Value {
      .iterator(Generator(items, depth: try depth(of: items), lease: try containerLease(items.count)))
    }

    /// An empty mapping that will take about `count` entries.
    func mapping(count: Int) throws(TemplateError) -> Mapping {
      Mapping(lease: try containerLease(2 * count))
    }

    /// Every element counts as 256 bytes: strings below that size have no lease of their own.
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

    /// What `body` writes, instead of writing it.
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

  /// Variables: those of this block, then those around it.
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

  /// What can be emptied, so that nothing it held stays alive through it.
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
