// Arguments of filters and methods.
extension Jinja.Interpreter {
  /// An argument as an integer; `fallback` if it was not given.
  func integer(_ value: Value?, or fallback: Int? = nil, of function: String) throws(TemplateError) -> Int {
    switch value {
    case .integer(let number)?: return number
    case .bool(let value)?: return value ? 1 : 0
    case nil:
      if let fallback { return fallback }
      throw failure(.type, "'\(function)' needs an integer")
    case .undefined(let reason)?: throw undefinedUse(reason)
    case let other?:
      throw failure(.type, "'\(function)' needs an integer, not a value of type \(other.typeName)")
    }
  }

  /// An argument as a string.
  func textArgument(_ value: Value?, of function: String) throws(TemplateError) -> Text {
    switch value {
    case .string(let text)?: return text
    case .undefined(let reason)?: throw undefinedUse(reason)
    case let other:
      throw failure(.type, "'\(function)' needs a string, not a value of type \(other?.typeName ?? "None")")
    }
  }

  func textArgument(_ value: Value?, of function: String) throws(TemplateError) -> String {
    let text: Text = try textArgument(value, of: function)
    return text.string
  }

  /// An optional argument as a string; nil for None.
  func optionalText(_ value: Value?, of function: String) throws(TemplateError) -> Text? {
    switch value {
    case nil, .some(.none): nil
    default: try textArgument(value, of: function)
    }
  }

  /// An optional argument as an integer; nil for None.
  func optionalInteger(_ value: Value?, of function: String) throws(TemplateError) -> Int? {
    switch value {
    case nil, .some(.none): nil
    default: try integer(value, of: function)
    }
  }

  func isTrue(_ value: Value?) -> Bool { value?.isTrue ?? false }

  /// A text padded to `width` code points; `before` returns how much of the padding precedes it.
  func padded(
    _ text: Text, to width: Int, with fill: Text? = nil, before: (Int) -> Int
  ) throws(TemplateError) -> Text {
    let fill = fill ?? Text(" " as StaticString)
    guard fill.count == 1 else { throw failure(.type, "the padding must be one character") }
    let missing = width - text.count
    guard missing > 0 else { return text }
    guard missing < Jinja.Limits.stringBytes / 4 else { throw tooLong() }
    let (front, back) = (before(missing), missing - before(missing))
    var bytes: [UInt8] = []
    for _ in 0..<front { bytes += fill.bytes }
    bytes += text.bytes
    for _ in 0..<back { bytes += fill.bytes }
    return try string(bytes)
  }

  /// Replaces `old` by `new`, at most `limit` times (without limit if negative).
  func replacing(
    _ text: Text, _ old: Text, with new: Text, limit: Int
  ) throws(TemplateError) -> Text {
    try step(bytes: text.bytes.count)
    let most = limit < 0 ? Int.max : limit
    let cuts = old.isEmpty ? Array(text.boundaries.prefix(most)) : text.occurrences(of: old, limit: most)
    guard !cuts.isEmpty else { return text }
    let (growth, overflow) = cuts.count.multipliedReportingOverflow(by: new.bytes.count)
    guard !overflow else { throw tooLong() }
    try reserve(text.bytes.count + growth)
    var bytes: [UInt8] = []
    var start = 0
    for cut in cuts {
      bytes += text.bytes[start..<cut]
      bytes += new.bytes
      start = cut + old.bytes.count
    }
    bytes += text.bytes[start...]
    return try string(bytes)
  }

  /// The texts joined with `separator`.
  func joined(_ parts: [Text], separator: Text) throws(TemplateError) -> Text {
    var size = 0
    for part in parts { size += part.bytes.count + separator.bytes.count }
    try reserve(size)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    for (index, part) in parts.enumerated() {
      if index > 0 { bytes += separator.bytes }
      bytes += part.bytes
    }
    return try string(bytes)
  }

  func texts(_ parts: [Text]) throws(TemplateError) -> Value {
    var items: [Value] = []
    for part in parts { items.append(.string(try string(part.bytes))) }
    return .list(try list(items))
  }
}
