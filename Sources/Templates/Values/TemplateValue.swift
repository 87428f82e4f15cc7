extension Jinja {
  /// A value during rendering, with Python's types. Lists and mappings are references, as in Python: a
  /// mutation is visible everywhere.
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
    /// The result of a lazy filter: can be iterated once.
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

    /// The nesting depth of a container; 0 for a scalar.
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

  /// Why a value is undefined.
  final class Undefined {
    let message: String
    /// Whether the sandbox hides the attribute, as opposed to it not existing.
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

    /// Replaces the elements; `depth` is the container's new depth.
    func change(to items: [Value], depth: Int) {
      self.items = items
      self.depth = depth
    }
  }

  /// A dictionary in insertion order; lookup takes constant time.
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

  /// A `range`, which stores no elements.
  struct NumberRange {
    let start: Int
    let stop: Int
    let step: Int

    /// The number of elements.
    var count: Int {
      // Bounds near the ends of Int could overflow; `Interpreter.range` rejects those.
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

  /// The remaining elements of a lazy sequence.
  final class Generator {
    private var items: ArraySlice<Value>
    let depth: Int
    private let lease: Lease?
    /// The error reported at the first use: lazy filters fail late.
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

  /// A namespace object: the only object whose attributes a template can set.
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

  /// The global functions.
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

  /// A bound method.
  final class Method {
    let receiver: Value
    let name: String
    init(_ receiver: Value, _ name: String) {
      self.receiver = receiver
      self.name = name
    }
  }
}
