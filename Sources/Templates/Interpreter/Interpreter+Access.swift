// Attributes, items, slices and elements of values.
extension Jinja.Interpreter {
  func undefined(_ message: String) -> Value { .undefined(Jinja.Undefined(message)) }

  /// The error for using an undefined value.
  func undefinedUse(_ reason: Jinja.Undefined) -> TemplateError { failure(.undefined, reason.message) }

  private func missing(_ name: String, of value: Value) -> Value {
    undefined("a value of type \(value.typeName) has no attribute '\(name)'")
  }

  /// `value.name`: a method or attribute, else an item.
  func attribute(_ name: String, of value: Value) throws(TemplateError) -> Value {
    if case .undefined(let reason) = value { throw undefinedUse(reason) }
    if let own = ownAttribute(name, of: value) { return own }
    if case .mapping(let mapping) = value, let item = mapping[name] { return item }
    return missing(name, of: value)
  }

  /// `value[index]`: an item; for a string index else a method or attribute.
  func item(_ index: Value, of value: Value) throws(TemplateError) -> Value {
    switch (value, index) {
    case (.undefined(let reason), _): throw undefinedUse(reason)
    case (.mapping(let mapping), _):
      if let key = Jinja.Key(index), let item = mapping[key] { return item }
    case (.list(let list), _), (.tuple(let list), _):
      if let position = position(index, count: list.items.count) { return list.items[position] }
    case (.string(let text), _):
      if case .integer? = index.number {
        return try character(index, of: text) ?? missing("\(index)", of: value)
      }
    case (.range(let range), _):
      if let position = position(index, count: range.count) { return .integer(range[position]) }
    default: break
    }
    guard case .string(let name) = index else {
      return undefined("a value of type \(value.typeName) has no element \(try representation(index).string)")
    }
    return ownAttribute(name.string, of: value) ?? missing(name.string, of: value)
  }

  /// The non-negative index; nil if out of range.
  private func position(_ index: Value, count: Int) -> Int? {
    guard case .integer(let index)? = index.number else { return nil }
    let position = index < 0 ? index + count : index
    return (0..<count).contains(position) ? position : nil
  }

  private func character(_ index: Value, of text: Text) throws(TemplateError) -> Value? {
    try step(bytes: text.bytes.count)
    if text.isASCII {
      return position(index, count: text.bytes.count).map { .string(Text([text.bytes[$0]])) }
    }
    let scalars = text.scalars
    return position(index, count: scalars.count).map { .string(Text([scalars[$0]])) }
  }

  /// Methods and attributes of built-in types.
  private func ownAttribute(_ name: String, of value: Value) -> Value? {
    if name.hasPrefix("__") {
      return .undefined(
        Jinja.Undefined("the attribute '\(name)' is not accessible to templates", isForbidden: true))
    }
    switch value {
    case .namespace(let namespace): return namespace[name]
    case .loop(let loop): return attribute(name, of: loop)
    case .tuple(let list) where list.items.count == 2 && (name == "grouper" || name == "list"):
      return list.items[name == "grouper" ? 0 : 1]
    case .macro(let macro): return attribute(name, of: macro)
    case .builtin(.cycler(let cycler)) where name == "current": return cycler.items[cycler.position]
    default: return Jinja.hasMethod(name, value) ? .method(Jinja.Method(value, name)) : nil
    }
  }

  private func attribute(_ name: String, of macro: Jinja.Macro) -> Value? {
    switch name {
    case "name": .string(Text(macro.definition.name))
    case "caller": .bool(macro.definition.usesCaller)
    case "catch_kwargs": .bool(macro.definition.usesKeywords)
    case "catch_varargs": .bool(macro.definition.usesVariadics)
    default: nil
    }
  }

  // MARK: elements

  /// The elements over which a loop iterates.
  func elements(of value: Value) throws(TemplateError) -> [Value] {
    switch value {
    case .undefined: return []
    case .list(let list), .tuple(let list): return list.items
    case .mapping(let mapping): return mapping.keys
    case .iterator(let iterator): return try iterator.rest()
    case .range(let range):
      try step(bytes: range.count << 4)
      return (0..<range.count).map { .integer(range[$0]) }
    case .string(let text):
      try step(bytes: text.bytes.count << 4)
      guard meter.allows(text.bytes.count << 6) else { throw tooLong() }
      return text.scalars.map { .string(Text([$0])) }
    case .view(let view):
      switch view.kind {
      case .keys: return view.mapping.keys
      case .values: return view.mapping.values
      case .items:
        var items: [Value] = []
        for (key, value) in zip(view.mapping.keys, view.mapping.values) {
          items.append(.tuple(try list([key, value])))
        }
        return items
      }
    default: throw failure(.type, "a value of type \(value.typeName) is not iterable")
    }
  }

  /// The number of elements or characters; nil for values without a length.
  func count(_ value: Value) -> Int? {
    switch value {
    case .undefined: 0
    case .string(let text): text.count
    case .list(let list), .tuple(let list): list.items.count
    case .mapping(let mapping): mapping.count
    case .range(let range): range.count
    case .view(let view): view.mapping.count
    case .loop(let loop): loop.items.count
    default: nil
    }
  }

  // MARK: slices

  func slice(_ value: Value, _ bounds: (Int?, Int?, Int?)) throws(TemplateError) -> Value {
    guard bounds.2 != 0 else { throw failure(.value, "a slice's step cannot be zero") }
    switch value {
    case .undefined(let reason): throw undefinedUse(reason)
    case .string(let text):
      try step(bytes: text.bytes.count)
      if text.isASCII { return .string(try string(Self.selectSlice(text.bytes, bounds))) }
      return .string(try string(Text(Self.selectSlice(text.scalars, bounds)).bytes))
    case .list(let list): return .list(try self.list(Self.selectSlice(list.items, bounds)))
    case .tuple(let list): return .tuple(try self.list(Self.selectSlice(list.items, bounds)))
    case .range: return .list(try list(Self.selectSlice(try elements(of: value), bounds)))
    default: throw failure(.type, "a value of type \(value.typeName) cannot be sliced")
    }
  }

  /// Python's slice: negative bounds count from the end, and bounds are clamped.
  static func selectSlice<Element>(_ items: [Element], _ bounds: (Int?, Int?, Int?)) -> [Element] {
    let step = bounds.2 ?? 1
    let count = items.count
    func limit(_ bound: Int?, _ absent: Int) -> Int {
      guard let bound else { return absent }
      let (low, high) = step > 0 ? (0, count) : (-1, count - 1)
      return bound < 0 ? max(low, bound < -count ? low : bound + count) : min(high, bound)
    }
    let start = limit(bounds.0, step > 0 ? 0 : count - 1)
    let stop = limit(bounds.1, step > 0 ? count : -1)
    if step == 1 { return start < stop ? Array(items[start..<stop]) : [] }
    // A step beyond the end selects at most one element, so clamping it avoids overflow.
    let stride = step > 0 ? min(step, count + 1) : max(step, -count - 1)
    return Swift.stride(from: start, to: stop, by: stride).map { items[$0] }
  }
}
