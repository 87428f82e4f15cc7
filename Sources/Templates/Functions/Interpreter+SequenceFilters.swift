// Filters on lists and mappings.
extension Jinja.Interpreter {
  /// Returns nil if this is not one of these filters.
  func sequenceFilter(_ name: String, _ value: Value, _ arguments: CallArguments) throws(TemplateError)
    -> Value?
  {
    switch name {
    case "list": return .list(try list(try elements(of: value)))
    case "join":
      let values = try bind(arguments, ["d", "attribute"], of: name)
      let attribute = try attributeGetter(values[1])
      var parts: [Text] = []
      for item in try elements(of: value) { parts.append(try text(try attribute(item))) }
      return .string(try joined(parts, separator: try text(values[0] ?? .string(Text("" as StaticString)))))
    case "first":
      if case .iterator(let iterator) = value {
        return try iterator.next() ?? undefined("there is no first element")
      }
      return try elements(of: value).first ?? undefined("there is no first element")
    case "last":
      if case .iterator = value { throw failure(.type, "'last' needs a list; put 'list' before it") }
      return try elements(of: value).last ?? undefined("there is no last element")
    case "reverse":
      if case .string(let text) = value { return .string(try string(Text(text.scalars.reversed()).bytes)) }
      return try iterator(try elements(of: value).reversed())
    case "sort":
      let values = try bind(arguments, ["reverse", "case_sensitive", "attribute"], of: name)
      let attributes = try sortAttributes(values[2])
      let ignoresCase = !isTrue(values[1])
      return .list(
        try list(
          try sorted(try elements(of: value), reverse: isTrue(values[0])) { (item) throws(TemplateError) in
            var keys: [Value] = []
            for attribute in attributes {
              let key = try attribute(item)
              keys.append(ignoresCase ? self.ignoringCase(key) : key)
            }
            return keys.count == 1 ? keys[0] : .list(try self.list(keys))
          }))
    case "dictsort": return try dictionarySorted(value, arguments)
    case "unique": return try unique(value, arguments)
    case "min", "max":
      let values = try bind(arguments, ["case_sensitive", "attribute"], of: name)
      let attribute = try attributeGetter(values[1])
      let ignoresCase = !isTrue(values[0])
      return try extreme(name, try elements(of: value)) { (item) throws(TemplateError) in
        let key = try attribute(item)
        return ignoresCase ? self.ignoringCase(key) : key
      }
    case "batch": return try batched(value, arguments)
    case "slice": return try sliced(value, arguments)
    case "groupby": return try grouped(value, arguments)
    default: return nil
    }
  }

  private func sortAttributes(
    _ attribute: Value?
  ) throws(TemplateError) -> [(Value) throws(TemplateError) -> Value] {
    guard case .string(let paths)? = attribute else { return [try attributeGetter(attribute)] }
    var getters: [(Value) throws(TemplateError) -> Value] = []
    for path in paths.split(at: Text("," as StaticString)) {
      getters.append(try attributeGetter(.string(path)))
    }
    return getters
  }

  /// A stable sort by `key`.
  func sorted(
    _ items: [Value], reverse: Bool, by key: (Value) throws(TemplateError) -> Value
  ) throws(TemplateError) -> [Value] {
    var keyed: [(key: Value, item: Value)] = []
    for item in items { keyed.append((try key(item), item)) }
    // As in Python: reversing before and after keeps equal elements in order.
    if reverse { keyed.reverse() }
    try mergeSort(&keyed)
    if reverse { keyed.reverse() }
    return keyed.map(\.item)
  }

  /// A merge sort, because the standard library's sort does not accept a comparison with typed throws.
  private func mergeSort(_ items: inout [(key: Value, item: Value)]) throws(TemplateError) {
    var width = 1
    var source = items
    var target = items
    while width < items.count {
      var start = 0
      while start < items.count {
        let middle = min(start + width, items.count)
        let end = min(start + 2 * width, items.count)
        var (left, right) = (start, middle)
        for position in start..<end {
          let takesRight: Bool
          if left == middle {
            takesRight = true
          } else if right == end {
            takesRight = false
          } else {
            takesRight = try isLess(source[right].key, source[left].key)
          }
          target[position] = takesRight ? source[right] : source[left]
          if takesRight { right += 1 } else { left += 1 }
        }
        start = end
      }
      swap(&source, &target)
      width *= 2
    }
    items = source
  }

  private func dictionarySorted(_ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
    if case .undefined(let reason) = value { throw undefinedUse(reason) }
    guard case .mapping(let mapping) = value else {
      throw failure(.type, "'dictsort' needs a mapping, not a value of type \(value.typeName)")
    }
    let values = try bind(arguments, ["case_sensitive", "by", "reverse"], of: "dictsort")
    let by = try optionalText(values[1], of: "dictsort")?.string ?? "key"
    guard by == "key" || by == "value" else {
      throw failure(.value, "'dictsort' sorts by 'key' or by 'value'")
    }
    let pairs = try elements(of: .view(Jinja.View(kind: .items, mapping: mapping)))
    let ignoresCase = !isTrue(values[0])
    return .list(
      try list(
        try sorted(pairs, reverse: isTrue(values[2])) { (pair) throws(TemplateError) in
          let key = try self.item(.integer(by == "key" ? 0 : 1), of: pair)
          return ignoresCase ? self.ignoringCase(key) : key
        }))
  }

  private func unique(_ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
    let values = try bind(arguments, ["case_sensitive", "attribute"], of: "unique")
    let attribute = try attributeGetter(values[1])
    var seen: Set<Jinja.Key> = []
    var items: [Value] = []
    for item in try elements(of: value) {
      let key = try attribute(item)
      if seen.insert(try self.key(isTrue(values[0]) ? key : ignoringCase(key))).inserted {
        items.append(item)
      }
    }
    return try iterator(items)
  }

  private func extreme(
    _ name: String, _ items: [Value], by key: (Value) throws(TemplateError) -> Value
  ) throws(TemplateError) -> Value {
    guard var best = items.first else { return undefined("there is no element to take the \(name) of") }
    var bestKey = try key(best)
    for item in items.dropFirst() {
      let itemKey = try key(item)
      if name == "min" ? try isLess(itemKey, bestKey) : try isLess(bestKey, itemKey) {
        (best, bestKey) = (item, itemKey)
      }
    }
    return best
  }

  private func batched(_ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
    let values = try bind(arguments, ["linecount", "fill_with"], of: "batch", needs: 1)
    let size = try integer(values[0], of: "batch")
    guard size > 0, size < Jinja.Limits.rangeItems else {
      throw failure(.value, "'batch' needs a size from 1 to \(Jinja.Limits.rangeItems)")
    }
    let items = try elements(of: value)
    var batches: [Value] = []
    for start in stride(from: 0, to: items.count, by: size) {
      var batch = Array(items[start..<min(start + size, items.count)])
      if let fill = values[1], !fill.isNone {
        batch += Array(repeating: fill, count: size - batch.count)
      }
      batches.append(.list(try list(batch)))
    }
    return try iterator(batches)
  }

  private func sliced(_ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
    let values = try bind(arguments, ["slices", "fill_with"], of: "slice", needs: 1)
    let count = try integer(values[0], of: "slice")
    guard count > 0, count < Jinja.Limits.rangeItems else {
      throw failure(.value, "'slice' needs a number from 1 to \(Jinja.Limits.rangeItems)")
    }
    let items = try elements(of: value)
    let (size, extra) = items.count.quotientAndRemainder(dividingBy: count)
    var slices: [Value] = []
    var start = 0
    for index in 0..<count {
      let end = start + size + (index < extra ? 1 : 0)
      var slice = Array(items[start..<end])
      if let fill = values[1], !fill.isNone, index >= extra { slice.append(fill) }
      slices.append(.list(try list(slice)))
      start = end
    }
    return try iterator(slices)
  }

  private func grouped(_ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
    let values = try bind(arguments, ["attribute", "default", "case_sensitive"], of: "groupby", needs: 1)
    let attribute = try attributeGetter(values[0], or: values[1])
    let ignoresCase = !isTrue(values[2])
    let key = { (item: Value) throws(TemplateError) -> Value in
      let value = try attribute(item)
      return ignoresCase ? self.ignoringCase(value) : value
    }
    var groups: [Value] = []
    var group: [Value] = []
    func close() throws(TemplateError) {
      guard let first = group.first else { return }
      groups.append(.tuple(try list([try attribute(first), .list(try list(group))])))
      group = []
    }
    for item in try sorted(try elements(of: value), reverse: false, by: key) {
      if let first = group.first, !(try key(first)).equals(try key(item)) { try close() }
      group.append(item)
    }
    try close()
    return .list(try list(groups))
  }
}
