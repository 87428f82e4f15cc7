extension Jinja {
  /// A value as a mapping key: equal where Python's keys are equal (1, 1.0 and True).
  enum Key: Hashable {
    case none, undefined
    case integer(Int)
    case float(Double)
    case text(Text)
    case tuple([Key])

    /// Nil for unhashable values: lists, mappings and the like.
    init?(_ value: Value, depth: Int = 0) {
      switch value {
      case .none: self = .none
      case .undefined: self = .undefined
      case .bool(let value): self = .integer(value ? 1 : 0)
      case .integer(let value): self = .integer(value)
      case .float(let value):
        if let whole = Int(exactly: value) { self = .integer(whole) } else { self = .float(value) }
      case .string(let text): self = .text(text)
      case .tuple(let list):
        guard depth <= Limits.valueNesting else { return nil }
        var keys: [Key] = []
        for item in list.items {
          guard let key = Key(item, depth: depth + 1) else { return nil }
          keys.append(key)
        }
        self = .tuple(keys)
      default: return nil
      }
    }
  }
}

extension Jinja.Value {
  /// The value as a number, if it is one in Python (booleans included).
  var number: Jinja.Number? {
    switch self {
    case .bool(let value): .integer(value ? 1 : 0)
    case .integer(let value): .integer(value)
    case .float(let value): .float(value)
    default: nil
    }
  }

  /// Python's truth value.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .float(let value): value != 0
    case .string(let text): !text.isEmpty
    case .list(let list), .tuple(let list): !list.items.isEmpty
    case .mapping(let mapping): mapping.count > 0
    case .range(let range): range.count > 0
    case .view(let view): view.mapping.count > 0
    case .iterator, .namespace, .loop, .macro, .builtin, .method: true
    }
  }

  /// Python's `==`. Containers nested deeper than the limit compare as different.
  func equals(_ other: Jinja.Value, depth: Int = 0) -> Bool {
    guard depth <= Jinja.Limits.valueNesting else { return false }
    switch (self, other) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let left), .string(let right)): return left == right
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
      if left === right { return true }
      return left.items.count == right.items.count
        && zip(left.items, right.items).allSatisfy { $0.equals($1, depth: depth + 1) }
    case (.mapping(let left), .mapping(let right)):
      if left === right { return true }
      return left.count == right.count
        && zip(left.keys, left.values).allSatisfy { key, value in
          guard let key = Jinja.Key(key), let match = right[key] else { return false }
          return value.equals(match, depth: depth + 1)
        }
    case (.range(let left), .range(let right)):
      return left.count == right.count
        && (left.count == 0 || left.start == right.start && (left.count == 1 || left.step == right.step))
    case (.namespace(let left), .namespace(let right)): return left === right
    case (.macro(let left), .macro(let right)): return left === right
    case (.iterator(let left), .iterator(let right)): return left === right
    default:
      guard let left = number, let right = other.number else { return false }
      return left.equals(right)
    }
  }
}

extension Jinja {
  /// An integer or a float.
  enum Number {
    case integer(Int)
    case float(Double)

    var double: Double {
      switch self {
      case .integer(let value): Double(value)
      case .float(let value): value
      }
    }

    func equals(_ other: Number) -> Bool {
      switch (self, other) {
      case (.integer(let left), .integer(let right)): left == right
      case (.integer(let whole), .float(let value)), (.float(let value), .integer(let whole)):
        Int(exactly: value) == whole
      case (.float(let left), .float(let right)): left == right
      }
    }

    func isLess(than other: Number) -> Bool {
      if case .integer(let left) = self, case .integer(let right) = other { return left < right }
      return double < other.double
    }

    var value: Value {
      switch self {
      case .integer(let value): .integer(value)
      case .float(let value): .float(value)
      }
    }
  }
}
