/// A JSON object: keys and values in insertion order.
///
/// Lookup takes constant time: a linear scan up to eight entries, a hash table beyond. Keys are compared by bytes. Setting
/// an existing key keeps its position, so the last value of duplicate keys wins.
public struct JSONObject: Sendable {
  /// The keys in order.
  public private(set) var keys: [String] = []
  /// The values in the order of the keys.
  public private(set) var values: [JSON] = []
  /// The position of each key; empty while a linear scan is used.
  private var positions: [ExactString: Int] = [:]

  private static let maxScannedEntries = 8

  /// An empty object.
  public init() {}

  /// Keys and an equal number of values; the last value of equal keys wins, at the position of the first.
  init(keys: ArraySlice<String>, values: ArraySlice<JSON>) {
    if keys.count > Self.maxScannedEntries {
      positions.reserveCapacity(keys.count)
      for (position, key) in keys.enumerated() { positions[ExactString(key)] = position }
    }
    if keys.count > Self.maxScannedEntries, positions.count == keys.count {
      self.keys = Array(keys)
      self.values = Array(values)
    } else {
      positions = [:]
      for (key, value) in zip(keys, values) { self[key] = value }
    }
  }

  /// The number of entries.
  public var count: Int { keys.count }
  /// Whether there are no entries.
  public var isEmpty: Bool { keys.isEmpty }

  /// The value of `key`; nil if there is none. Setting nil removes the entry (linear time).
  public subscript(key: String) -> JSON? {
    get { position(of: key).map { values[$0] } }
    set {
      switch (position(of: key), newValue) {
      case (let position?, let value?): values[position] = value
      case (nil, let value?): append(key, value)
      case (let position?, nil): remove(at: position)
      case (nil, nil): break
      }
    }
  }

  /// Whether there is an entry for `key`.
  public func contains(_ key: String) -> Bool { position(of: key) != nil }

  private func position(of key: String) -> Int? {
    let key = ExactString(key)
    if keys.count > Self.maxScannedEntries { return positions[key] }
    return keys.firstIndex { ExactString($0) == key }
  }

  private mutating func append(_ key: String, _ value: JSON) {
    keys.append(key)
    values.append(value)
    if keys.count > Self.maxScannedEntries + 1 {
      positions[ExactString(key)] = keys.count - 1
    } else if keys.count == Self.maxScannedEntries + 1 {
      indexAll()
    }
  }

  private mutating func remove(at position: Int) {
    keys.remove(at: position)
    values.remove(at: position)
    indexAll()
  }

  private mutating func indexAll() {
    positions.removeAll()
    guard keys.count > Self.maxScannedEntries else { return }
    for (position, key) in keys.enumerated() { positions[ExactString(key)] = position }
  }
}

extension JSONObject: Equatable {
  /// Same keys with the same values, independent of the order.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
  }
}

extension JSONObject: RandomAccessCollection {
  /// The index of the first entry.
  public var startIndex: Int { 0 }
  /// The index after the last entry.
  public var endIndex: Int { keys.count }
  /// The entry at a position within `indices`.
  public subscript(position: Int) -> (key: String, value: JSON) { (keys[position], values[position]) }
}
