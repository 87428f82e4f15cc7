extension JSON {
  /// The boolean, if this is one.
  public var asBool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The integer, if this is one or a number without fraction in its range.
  public var asInteger: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }
  /// The number, if this is one or an integer.
  public var asNumber: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
  /// The string, if this is one.
  public var asString: String? { if case .string(let value) = self { value } else { nil } }
  /// The elements, if this is an array.
  public var asArray: [JSON]? { if case .array(let value) = self { value } else { nil } }
  /// The object, if this is one.
  public var asObject: JSONObject? { if case .object(let value) = self { value } else { nil } }
  /// Whether this is null.
  public var isNull: Bool { if case .null = self { true } else { false } }

  /// The value of `key`; nil if this is not an object or does not have the key.
  public subscript(key: String) -> JSON? {
    if case .object(let object) = self { object[key] } else { nil }
  }
  /// The element at `index`; nil if this is not an array or is shorter.
  public subscript(index: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }
}

// Required values of an object: errors name the key.
extension JSON {
  /// The value of `key`. Throws if it is missing or null.
  public func required(_ key: String) throws(JSONError) -> JSON {
    guard let value = try optional(key) else { throw .missing(key: key) }
    return value
  }
  /// The integer at `key`. Throws if it is missing or of another type.
  public func integer(_ key: String) throws(JSONError) -> Int {
    try required(key).read(key, "an integer", \.asInteger)
  }
  /// The number at `key`. Throws if it is missing or of another type.
  public func number(_ key: String) throws(JSONError) -> Double {
    try required(key).read(key, "a number", \.asNumber)
  }
  /// The boolean at `key`. Throws if it is missing or of another type.
  public func bool(_ key: String) throws(JSONError) -> Bool {
    try required(key).read(key, "a boolean", \.asBool)
  }
  /// The string at `key`. Throws if it is missing or of another type.
  public func string(_ key: String) throws(JSONError) -> String {
    try required(key).read(key, "a string", \.asString)
  }
  /// The array at `key`. Throws if it is missing or of another type.
  public func array(_ key: String) throws(JSONError) -> [JSON] {
    try required(key).read(key, "an array", \.asArray)
  }
  /// The object at `key`. Throws if it is missing or of another type.
  public func object(_ key: String) throws(JSONError) -> JSONObject {
    try required(key).read(key, "an object", \.asObject)
  }
}

// Optional values of an object: null counts as missing; another type is an error.
extension JSON {
  /// The value of `key`; nil if it is missing or null. Throws if this is not an object.
  public func optional(_ key: String) throws(JSONError) -> JSON? {
    guard case .object(let object) = self else {
      throw .wrongType(key: key, expected: "inside an object", found: "inside \(kindName)")
    }
    guard let value = object[key], !value.isNull else { return nil }
    return value
  }
  /// The integer at `key`, or nil.
  public func optionalInteger(_ key: String) throws(JSONError) -> Int? {
    try optional(key)?.read(key, "an integer", \.asInteger)
  }
  /// The number at `key`, or nil.
  public func optionalNumber(_ key: String) throws(JSONError) -> Double? {
    try optional(key)?.read(key, "a number", \.asNumber)
  }
  /// The boolean at `key`, or nil.
  public func optionalBool(_ key: String) throws(JSONError) -> Bool? {
    try optional(key)?.read(key, "a boolean", \.asBool)
  }
  /// The string at `key`, or nil.
  public func optionalString(_ key: String) throws(JSONError) -> String? {
    try optional(key)?.read(key, "a string", \.asString)
  }
  /// The array at `key`, or nil.
  public func optionalArray(_ key: String) throws(JSONError) -> [JSON]? {
    try optional(key)?.read(key, "an array", \.asArray)
  }
  /// The object at `key`, or nil.
  public func optionalObject(_ key: String) throws(JSONError) -> JSONObject? {
    try optional(key)?.read(key, "an object", \.asObject)
  }

  private func read<Value>(
    _ key: String, _ expected: String, _ view: KeyPath<JSON, Value?>
  ) throws(JSONError) -> Value {
    guard let value = self[keyPath: view] else {
      throw .wrongType(key: key, expected: expected, found: kindName)
    }
    return value
  }
}
