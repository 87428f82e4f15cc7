extension Jinja {
  /// A value while a template is rendered: Python's types as templates see them. Lists and mappings are
  /// shared, as in Python, so a change in place is seen everywhere.
  enum Value {
    case undefined(Undefined)
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(Text)
    case list(List)
    case tuple(List)
    case mapping(Mapping)
    case range(NumberRange)
    /// The keys, values or items of a mapping.
    case view(View)
    /// What lazy filters give: can be walked once.
    case iterator(Generator)
    case namespace(Namespace)
    case loop(LoopState)
    case macro(Macro)
    case builtin(Builtin)
    case method(Method)

    /// Python's name of the type, for error messages.
    var typeName: String {
      switch self {
      case .undefined: "Undefined"
      case .none: "None"
      case .bool: "bool"
      case .integer: "int"
      case .float: "float"
      case .string: "str"
      case .list: "list"
      case .tuple: "tuple"
      case .mapping: "dict"
      case .range: "range"
      case .view(let view): view.kind.rawValue
      case .iterator: "generator"
      case .namespace: "Namespace"
      case .loop: "LoopContext"
      case .macro: "Macro"
      case .builtin, .method: "function"
      }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// How deep containers stand inside one another here; 0 for a scalar.
    var depth: Int {
      switch self {
      case .list(let list), .tuple(let list): list.depth
      case .mapping(let mapping): mapping.depth
      case .view(let view): view.mapping.depth
      case .iterator(let iterator): iterator.depth
      case .namespace(let namespace): namespace.depth
      case .method(let method): method.receiver.depth
      case .loop(let loop): loop.depth
      case .builtin(.cycler(let cycler)): cycler.depth
      default: 0
      }
    }
  }

  /// Why a value is missing.
  final class Undefined {
    let message: String
    /// Whether the sandbox hides it rather than that it does not exist.
    let isForbidden: Bool

    init(_ message: String, isForbidden: Bool = false) {
      self.message = message
      self.isForbidden = isForbidden
    }
  }

  /// The elements of a list or tuple.
  final class List {
    fileprivate(set) var items: [Value]
    fileprivate(set) var depth: Int
    private let lease: Lease?

    init(_ items: [Value], depth: Int, lease: Lease?) {
      self.items = items
      self.depth = depth
      self.lease = lease
    }

    /// Replaces the elements; `depth` is the depth of the deepest container among them.
    func change(to items: [Value], depth: Int) {
      self.items = items
      self.depth = depth
    }
  }

  /// A dictionary in order of insertion; lookup takes constant time.
  final class Mapping {
    private(set) var keys: [Value] = []
    private(set) var values: [Value] = []
    private var positions: [Key: Int] = [:]
    fileprivate(set) var depth = 1
    private let lease: Lease?

    init(lease: Lease?) { self.lease = lease }

    var count: Int { keys.count }

    subscript(key: Key) -> Value? { positions[key].map { values[$0] } }
    subscript(key: String) -> Value? { self[.text(Text(key))] }

    func set(_ key: Key, _ name: Value, _ value: Value) {
      depth = max(depth, value.depth + 1, name.depth + 1)
      if let position = positions[key] {
        values[position] = value
      } else {
        positions[key] = keys.count
        keys.append(name)
        values.append(value)
      }
    }

    /// Removes an entry (linear).
    func remove(_ key: Key) -> Value? {
      guard let position = positions.removeValue(forKey: key) else { return nil }
      keys.remove(at: position)
      for (key, other) in positions where other > position { positions[key] = other - 1 }
      return values.remove(at: position)
    }

    func removeAll() {
      keys = []
      values = []
      positions = [:]
    }
  }

  /// A `range`, which holds no elements.
  struct NumberRange {
    let start: Int
    let stop: Int
    let step: Int

    /// The number of elements.
    var count: Int {
      // Bounds of a whole Int each could overflow their difference; `Interpreter.range` has refused those.
      let (low, high) = step > 0 ? (start, stop) : (stop, start)
      return low >= high ? 0 : (high - low - 1) / abs(step) + 1
    }

    subscript(index: Int) -> Int { start + index * step }
  }

  struct View {
    enum Kind: String { case keys = "dict_keys", values = "dict_values", items = "dict_items" }
    let kind: Kind
    let mapping: Mapping
  }

  /// The elements that are left of a lazy sequence.
  final class Generator {
    private var items: ArraySlice<Value>
    let depth: Int
    private let lease: Lease?
    /// The error that the first to ask for an element gets: lazy filters fail late.
    private let failure: TemplateError?

    init(_ items: [Value], depth: Int, lease: Lease?) {
      self.items = items[...]
      self.depth = depth
      self.lease = lease
      failure = nil
    }

    init(failing failure: TemplateError) {
      items = []
      depth = 1
      lease = nil
      self.failure = failure
    }

    func next() throws(TemplateError) -> Value? {
      if let failure { throw failure }
      return items.popFirst()
    }

    func rest() throws(TemplateError) -> [Value] {
      if let failure { throw failure }
      defer { items = [] }
      return Array(items)
    }
  }

  /// A namespace object: the only thing whose attributes a template can set.
  final class Namespace {
    private(set) var names: [String] = []
    private(set) var values: [String: Value] = [:]
    fileprivate(set) var depth = 1

    subscript(name: String) -> Value? {
      get { values[name] }
      set {
        if values[name] == nil { names.append(name) }
        values[name] = newValue
        depth = max(depth, (newValue?.depth ?? 0) + 1)
      }
    }

    func removeAll() {
      names = []
      values = [:]
    }
  }

  /// The functions that every template can call.
  enum Builtin {
    case range, dictionary, namespace, raiseException, strftimeNow
    case cycler(Cycler)
    case joiner(Joiner)
    case makeCycler, makeJoiner
  }

  final class Cycler {
    let items: [Value]
    let depth: Int
    var position = 0

    init(_ items: [Value], depth: Int) {
      self.items = items
      self.depth = depth
    }
  }

  final class Joiner {
    let separator: Text
    var isUsed = false
    init(_ separator: Text) { self.separator = separator }
  }

  /// A method together with the value whose method it is.
  final class Method {
    let receiver: Value
    let name: String
    init(_ receiver: Value, _ name: String) {
      self.receiver = receiver
      self.name = name
    }
  }
}
