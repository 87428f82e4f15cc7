import Basics

/// Creates hostile versions of a JSON value: removed, added and exchanged members, numbers that are zero, negative, huge
/// or off by one, and values of other types. The same seed gives the same versions.
package struct JSONMutator {
  private var random: SplitMix64
  /// Members of other files of the same kind, which may be added.
  private let others: [(key: String, value: JSON)]

  package init(seed: UInt64, others: [(key: String, value: JSON)] = []) {
    random = SplitMix64(seed: seed)
    self.others = others
  }

  /// A value with one to three changes.
  package mutating func mutated(_ value: JSON) -> JSON {
    var value = value
    for _ in 0..<Int.random(in: 1...3, using: &random) { value = changed(value, depth: 0) }
    return value
  }

  /// Follows a random path, and changes the value at its end.
  private mutating func changed(_ value: JSON, depth: Int) -> JSON {
    switch value {
    case .object(var object) where !object.isEmpty:
      if depth == 0, !others.isEmpty, chance(8) {
        let other = others[Int.random(in: 0..<others.count, using: &random)]
        object[other.key] = chance(2) ? other.value : replacement(of: other.value)
        return .object(object)
      }
      let key = object.keys[Int.random(in: 0..<object.count, using: &random)]
      guard let member = object[key] else { return value }
      if chance(8) {
        object[key] = nil
      } else if member.isContainer, !chance(6) {
        object[key] = changed(member, depth: depth + 1)
      } else {
        object[key] = replacement(of: member)
      }
      return .object(object)
    case .array(var items) where !items.isEmpty && !chance(6):
      let index = Int.random(in: 0..<items.count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: items.remove(at: index)
      case 1: items.append(items[index])
      case 2: items.swapAt(index, Int.random(in: 0..<items.count, using: &random))
      default:
        items[index] =
          items[index].isContainer && !chance(6)
          ? changed(items[index], depth: depth + 1) : replacement(of: items[index])
      }
      return .array(items)
    default: return replacement(of: value)
    }
  }

  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  /// Another value in place of this one; mostly of the same type.
  private mutating func replacement(of value: JSON) -> JSON {
    if chance(6) { return Self.foreign.randomElement(using: &random) ?? .null }
    switch value {
    case .integer(let number):
      let near = [
        number &+ 1, number &- 1, number &* 2, number / 2, number &+ 2, 0 &- number, number ^ 1, number &* 4,
      ]
      return .integer((chance(2) ? near : Self.integers).randomElement(using: &random) ?? 0)
    case .number(let number):
      let near = [number * 2, number / 2, -number, number + 1, 1 / number]
      return .number((chance(2) ? near : Self.numbers).randomElement(using: &random) ?? 0)
    case .string(let text): return .string(altered(text))
    case .bool(let flag): return .bool(!flag)
    case .array(let items): return chance(2) ? .array(items + items) : .array(Array(items.dropLast()))
    case .object: return .object(JSONObject())
    case .null: return Self.foreign.randomElement(using: &random) ?? .null
    }
  }

  private mutating func altered(_ text: String) -> String {
    var units = Array(text.unicodeScalars)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return Self.strings.randomElement(using: &random) ?? ""
    case 1: return text + text
    case 2: return String(text.dropFirst(Int.random(in: 0...8, using: &random)))
    case 3: return String(text.dropLast(Int.random(in: 0...8, using: &random)))
    default:
      guard !units.isEmpty else { return "x" }
      let index = Int.random(in: 0..<units.count, using: &random)
      if chance(2) {
        units.remove(at: index)
      } else {
        units.insert(Self.scalars.randomElement(using: &random) ?? "x", at: index)
      }
      var result = String.UnicodeScalarView()
      result.append(contentsOf: units)
      return String(result)
    }
  }

  private static let integers = [
    0, 1, 2, 3, 5, 7, 8, 16, 31, 33, 64, 255, 4096, 65_535, 65_536, 65_537, 1 << 20, 1 << 24, 1 << 31,
    1 << 32,
    1 << 40, 1 << 46, 1 << 62, .max, .max - 1, .min, -1, -2, -65_536,
  ]
  private static let numbers = [
    0, -0.0, 1, -1, 0.5, 1e-30, .leastNonzeroMagnitude, 1e30, 1e38, 1e39, 1e308, .infinity, -.infinity, .nan,
    65_536, 0x1p63,
    -0x1p63,
  ]
  private static let strings = [
    "", " ", "\0", "F32", "F16", "BF16", "U8", "U32", "I64", "F8_E4M3", "F64", "BOOL", "full_attention",
    "sliding_attention", "linear_attention", "linear", "yarn", "llama3", "dynamic", "longrope", "default",
    "gelu",
    "mxfp4", "affine", "{{", "{% for x in x %}", "{{ messages[0] * 99999999 }}", "<|im_end|>",
    "\u{202e}\u{1b}[31m",
    String(repeating: "a", count: 5000),
  ]
  private static let scalars: [Unicode.Scalar] = [
    "\0", "\n", "\"", "\\", "{", "}", "%", "<", ">", "|", "(", ")", "[", "]", "é", "\u{10FFFF}", "\u{feff}",
    "9", ".",
  ]
  private static let foreign: [JSON] = [
    .null, .bool(true), .bool(false), .integer(0), .integer(-1), .integer(.max), .number(0.5), .number(.nan),
    .number(.infinity), .string(""), .string("a"), .array([]), .array([.integer(1), .null, .string("x")]),
    .array([.array([.array([])])]), .object(JSONObject()), ["a": ["b": [1, 2.5, "c"]]],
  ]
}

extension JSON {
  fileprivate var isContainer: Bool {
    switch self {
    case .array(let items): !items.isEmpty
    case .object(let object): !object.isEmpty
    default: false
    }
  }
}
