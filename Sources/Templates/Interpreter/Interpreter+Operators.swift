#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// Operators, with Python's types and results. Integers have 64 bits; an overflow is an error.
extension Jinja.Interpreter {
  func wrongOperand(_ operation: String, _ value: Value) -> TemplateError {
    if case .undefined(let reason) = value { return undefinedUse(reason) }
    return failure(.type, "'\(operation)' cannot be applied to a value of type \(value.typeName)")
  }

  private func overflow() -> TemplateError { failure(.value, "an integer does not fit 64 bits") }

  func negate(_ value: Value) throws(TemplateError) -> Value {
    switch value.number {
    case .integer(let number)?:
      guard number != .min else { throw overflow() }
      return .integer(-number)
    case .float(let number)?: return .float(-number)
    case nil: throw wrongOperand("-", value)
    }
  }

  func apply(
    _ operation: Jinja.BinaryOperator, _ left: Value, _ right: Value
  ) throws(TemplateError) -> Value {
    if let left = left.number, let right = right.number { return try arithmetic(operation, left, right) }
    switch (operation, left, right) {
    case (_, .undefined(let reason), _): throw undefinedUse(reason)
    case (.modulo, .string(let format), _): return .string(try self.format(format, right))
    case (_, _, .undefined(let reason)): throw undefinedUse(reason)
    case (.add, .string(let left), .string(let right)):
      return .string(try sum(left, right))
    case (.add, .list(let left), .list(let right)): return .list(try list(left.items + right.items))
    case (.add, .tuple(let left), .tuple(let right)): return .tuple(try list(left.items + right.items))
    case (.multiply, _, _):
      if let count = right.number, let result = try repeated(left, count) { return result }
      if let count = left.number, let result = try repeated(right, count) { return result }
    default: break
    }
    throw failure(
      .type,
      "'\(operation.rawValue)' cannot be applied to values of type \(left.typeName) and \(right.typeName)")
  }

  private func sum(_ left: Text, _ right: Text) throws(TemplateError) -> Text {
    let isMarkup = left.isMarkup || right.isMarkup
    let (left, right) = isMarkup ? (try escaped(left), try escaped(right)) : (left, right)
    try reserve(left.bytes.count + right.bytes.count)
    let text = try string(left.bytes + right.bytes)
    return isMarkup ? text.asMarkup : text
  }

  /// A repeated string or list; nil for other values.
  private func repeated(_ value: Value, _ count: Jinja.Number) throws(TemplateError) -> Value? {
    guard case .integer(let count) = count else { return nil }
    let times = max(0, count)
    switch value {
    case .string(let text):
      let (size, overflow) = text.bytes.count.multipliedReportingOverflow(by: times)
      guard !overflow else { throw tooLong() }
      try reserve(size)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(size)
      if size > 0 { for _ in 0..<times { bytes += text.bytes } }
      return .string(try string(bytes))
    case .list(let list), .tuple(let list):
      let (size, overflow) = list.items.count.multipliedReportingOverflow(by: times)
      guard !overflow, size < Jinja.Limits.stringBytes / 64 else { throw tooLong() }
      var items: [Value] = []
      if size > 0 { for _ in 0..<times { items += list.items } }
      let result = try self.list(items)
      if case .tuple = value { return .tuple(result) }
      return .list(result)
    default: return nil
    }
  }

  private func arithmetic(
    _ operation: Jinja.BinaryOperator, _ left: Jinja.Number, _ right: Jinja.Number
  ) throws(TemplateError) -> Value {
    if case .integer(let left) = left, case .integer(let right) = right {
      return try integers(operation, left, right)
    }
    return try floats(operation, left.double, right.double)
  }

  private func integers(
    _ operation: Jinja.BinaryOperator, _ left: Int, _ right: Int
  ) throws(TemplateError) -> Value {
    let result: (partialValue: Int, overflow: Bool)
    switch operation {
    case .add: result = left.addingReportingOverflow(right)
    case .subtract: result = left.subtractingReportingOverflow(right)
    case .multiply: result = left.multipliedReportingOverflow(by: right)
    case .divide:
      try checkDivisor(right == 0)
      return .float(Double(left) / Double(right))
    case .floorDivide, .modulo:
      try checkDivisor(right == 0)
      guard right != -1 else { return operation == .modulo ? .integer(0) : try negate(.integer(left)) }
      let (quotient, remainder) = left.quotientAndRemainder(dividingBy: right)
      let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
      if operation == .modulo { return .integer(isBelow ? remainder + right : remainder) }
      return .integer(isBelow ? quotient - 1 : quotient)
    case .power:
      guard right >= 0 else { return try floats(.power, Double(left), Double(right)) }
      return .integer(try power(left, right))
    }
    guard !result.overflow else { throw overflow() }
    return .integer(result.partialValue)
  }

  private func checkDivisor(_ isZero: Bool) throws(TemplateError) {
    if isZero { throw failure(.value, "division by zero") }
  }

  private func power(_ base: Int, _ exponent: Int) throws(TemplateError) -> Int {
    var (result, square, rest) = (1, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 {
        let (product, isOver) = result.multipliedReportingOverflow(by: square)
        guard !isOver else { throw overflow() }
        result = product
      }
      rest >>= 1
      guard rest > 0 else { break }
      let (product, isOver) = square.multipliedReportingOverflow(by: square)
      guard !isOver else { throw overflow() }
      square = product
    }
    return result
  }

  private func floats(
    _ operation: Jinja.BinaryOperator, _ left: Double, _ right: Double
  ) throws(TemplateError) -> Value {
    switch operation {
    case .add: return .float(left + right)
    case .subtract: return .float(left - right)
    case .multiply: return .float(left * right)
    case .divide:
      try checkDivisor(right == 0)
      return .float(left / right)
    case .floorDivide, .modulo:
      try checkDivisor(right == 0)
      var remainder = fmod(left, right)
      var quotient = (left - remainder) / right
      if remainder != 0, (remainder < 0) != (right < 0) {
        remainder += right
        quotient -= 1
      }
      if operation == .modulo { return .float(remainder == 0 ? copysign(0, right) : remainder) }
      let floored = quotient.rounded(.down)
      return .float(quotient - floored > 0.5 ? floored + 1 : floored)
    case .power:
      if left == 0, right < 0 { throw failure(.value, "zero cannot be raised to a negative power") }
      if left < 0, right != right.rounded() {
        throw failure(.value, "a negative number cannot be raised to a fraction")
      }
      let result = pow(left, right)
      guard !result.isInfinite || left.isInfinite || right.isInfinite else {
        throw failure(.value, "the result is too large a number")
      }
      return .float(result)
    }
  }

  // MARK: comparisons

  func compare(
    _ first: Jinja.Expression, _ rest: [(Jinja.Comparison, Jinja.Expression)]
  ) throws(TemplateError) -> Value {
    var left = try evaluate(first)
    for (comparison, operand) in rest {
      let right = try evaluate(operand)
      guard try holds(comparison, left, right) else { return .bool(false) }
      left = right
    }
    return .bool(true)
  }

  func holds(_ comparison: Jinja.Comparison, _ left: Value, _ right: Value) throws(TemplateError) -> Bool {
    switch comparison {
    case .equal: left.equals(right)
    case .notEqual: !left.equals(right)
    case .less: try isLess(left, right)
    case .greater: try isLess(right, left)
    case .lessOrEqual: try isLessOrEqual(left, right)
    case .greaterOrEqual: try isLessOrEqual(right, left)
    case .isIn: try contains(right, left)
    case .notIn: !(try contains(right, left))
    }
  }

  private func isLessOrEqual(_ left: Value, _ right: Value) throws(TemplateError) -> Bool {
    if let left = left.number, let right = right.number {
      return left.isLess(than: right) || left.equals(right)
    }
    return try !isLess(right, left)
  }

  /// Python's `<`: numbers, strings, and lists of these.
  func isLess(_ left: Value, _ right: Value, depth: Int = 0) throws(TemplateError) -> Bool {
    try step()
    guard depth <= Jinja.Limits.valueNesting else { throw tooDeep() }
    if let left = left.number, let right = right.number { return left.isLess(than: right) }
    switch (left, right) {
    case (.string(let left), .string(let right)): return left < right
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
      for (first, second) in zip(left.items, right.items) where !first.equals(second) {
        return try isLess(first, second, depth: depth + 1)
      }
      return left.items.count < right.items.count
    case (.undefined(let reason), _), (_, .undefined(let reason)): throw undefinedUse(reason)
    default:
      throw failure(.type, "values of type \(left.typeName) and \(right.typeName) have no order")
    }
  }

  /// Python's `in`.
  func contains(_ container: Value, _ value: Value) throws(TemplateError) -> Bool {
    switch container {
    case .string(let text):
      guard case .string(let part) = value else {
        throw failure(.type, "only a string can be 'in' a string, not a value of type \(value.typeName)")
      }
      try step(bytes: text.bytes.count)
      return text.contains(part)
    case .mapping(let mapping): return mapping[try key(value)] != nil
    case .view(let view) where view.kind == .keys: return view.mapping[try key(value)] != nil
    case .range(let range):
      guard let number = value.number, case .integer(let whole) = number else { return false }
      let (offset, overflow) = whole.subtractingReportingOverflow(range.start)
      return !overflow && offset % range.step == 0 && (0..<range.count).contains(offset / range.step)
    default:
      let items = try elements(of: container)
      try step(bytes: items.count)
      return items.contains { $0.equals(value) }
    }
  }
}
