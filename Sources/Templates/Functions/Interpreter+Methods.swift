extension Jinja {
  static let listMethods: Set<String> = [
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
  ]
  static let tupleMethods: Set<String> = ["count", "index"]
  static let mappingMethods: Set<String> = [
    "clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
  ]

  /// Whether values of this type have a method of that name.
  static func hasMethod(_ name: String, _ value: Value) -> Bool {
    switch value {
    case .string: stringMethods.contains(name)
    case .list: listMethods.contains(name)
    case .tuple, .range: tupleMethods.contains(name)
    case .mapping: mappingMethods.contains(name)
    case .float: name == "is_integer"
    case .builtin(.cycler): name == "next" || name == "reset"
    default: false
    }
  }
}

// Methods of lists and mappings. Mutating methods work in place, as in Python.
extension Jinja.Interpreter {
  func call(_ method: Jinja.Method, _ arguments: CallArguments) throws(TemplateError) -> Value {
    switch method.receiver {
    case .string(let text):
      let result = try call(method.name, on: text, arguments)
      if text.isMarkup, case .string(let text) = result { return .string(text.asMarkup) }
      return result
    case .list(let list): return try call(method.name, on: list, arguments)
    case .tuple(let list): return try search(method.name, list.items, arguments)
    case .range: return try search(method.name, try elements(of: method.receiver), arguments)
    case .mapping(let mapping): return try call(method.name, on: mapping, arguments)
    case .loop(let loop): return try call(method.name, on: loop, arguments.positional)
    case .float(let number): return .bool(number == number.rounded())
    case .builtin(.cycler(let cycler)):
      let current = cycler.items[cycler.position]
      cycler.position = method.name == "reset" ? 0 : (cycler.position + 1) % cycler.items.count
      return method.name == "reset" ? .none : current
    default: throw failure(.type, "'\(method.name)' cannot be called")
    }
  }

  /// `count` and `index`.
  private func search(_ name: String, _ items: [Value], _ arguments: CallArguments) throws(TemplateError)
    -> Value
  {
    let values = try bind(arguments, ["value", "start", "stop"], of: name, needs: 1)
    let wanted = values[0] ?? .none
    try step(bytes: items.count)
    if name == "count" { return .integer(items.reduce(0) { $0 + ($1.equals(wanted) ? 1 : 0) }) }
    let bounds = (try optionalInteger(values[1], of: name), try optionalInteger(values[2], of: name))
    let range = Self.selectSlice(Array(items.indices), (bounds.0, bounds.1, nil))
    guard let index = range.first(where: { items[$0].equals(wanted) }) else {
      throw failure(.value, "the list has no element \(try representation(wanted).string)")
    }
    return .integer(index)
  }

  private func change(_ list: Jinja.List, to items: [Value]) throws(TemplateError) {
    try track(list)
    list.change(to: items, depth: try depth(of: items))
  }

  private func call(_ name: String, on list: Jinja.List, _ arguments: CallArguments) throws(TemplateError)
    -> Value
  {
    var items = list.items
    try step(bytes: items.count << 4 + 4096)
    switch name {
    case "append":
      items.append(try bind(arguments, ["value"], of: name, needs: 1)[0] ?? .none)
      guard meter.allows(items.count << 8) else { throw tooLong() }
    case "extend":
      items += try elements(of: try bind(arguments, ["values"], of: name, needs: 1)[0] ?? .none)
      guard meter.allows(items.count << 8) else { throw tooLong() }
    case "insert":
      let values = try bind(arguments, ["index", "value"], of: name, needs: 2)
      let index = try integer(values[0], of: name)
      let position =
        index < 0 ? max(0, index < -items.count ? 0 : index + items.count) : min(index, items.count)
      items.insert(values[1] ?? .none, at: position)
    case "pop":
      let index = try integer(try bind(arguments, ["index"], of: name)[0], or: -1, of: name)
      let position = index < 0 && index >= -items.count ? index + items.count : index
      guard items.indices.contains(position) else {
        throw failure(.value, "'pop' from position \(index) of a list of \(items.count)")
      }
      let value = items.remove(at: position)
      try change(list, to: items)
      return value
    case "remove":
      guard case .integer(let index) = try search("index", items, arguments) else { return .none }
      items.remove(at: index)
    case "clear": items = []
    case "reverse": items.reverse()
    case "sort":
      items = try sorted(items, reverse: isTrue(try bind(arguments, ["reverse"], of: name)[0])) { $0 }
    case "copy": return .list(try self.list(items))
    default: return try search(name, items, arguments)
    }
    try change(list, to: items)
    return .none
  }

  private func call(
    _ name: String, on mapping: Jinja.Mapping, _ arguments: CallArguments
  ) throws(TemplateError) -> Value {
    switch name {
    case "keys": return .view(Jinja.View(kind: .keys, mapping: mapping))
    case "values": return .view(Jinja.View(kind: .values, mapping: mapping))
    case "items": return .view(Jinja.View(kind: .items, mapping: mapping))
    case "copy":
      let copy = try self.mapping(count: mapping.count)
      try update(copy, from: .mapping(mapping))
      return .mapping(copy)
    case "get":
      let values = try bind(arguments, ["key", "default"], of: name, needs: 1)
      return mapping[try key(values[0] ?? .none)] ?? values[1] ?? .none
    case "setdefault":
      let values = try bind(arguments, ["key", "default"], of: name, needs: 1)
      let key = try key(values[0] ?? .none)
      if let present = mapping[key] { return present }
      try track(mapping)
      try step(bytes: 4096)
      try set(key, values[0] ?? .none, to: values[1] ?? .none, in: mapping)
      return values[1] ?? .none
    case "pop":
      let values = try bind(arguments, ["key", "default"], of: name, needs: 1)
      try step(bytes: mapping.count << 4)
      guard let value = mapping.remove(try key(values[0] ?? .none)) ?? values[1] else {
        throw failure(.value, "the mapping has no key \(try representation(values[0] ?? .none).string)")
      }
      return value
    case "popitem":
      guard let last = mapping.keys.last, let value = mapping.remove(try key(last)) else {
        throw failure(.value, "'popitem' from an empty mapping")
      }
      return .tuple(try list([last, value]))
    case "update":
      try track(mapping)
      try step(bytes: 4096)
      if let source = arguments.positional.first { try update(mapping, from: source) }
      for (name, value) in arguments.keywords {
        try set(.text(Text(name)), .string(Text(name)), to: value, in: mapping)
      }
      return .none
    default:
      mapping.removeAll()
      return .none
    }
  }
}
