import Basics

/// Reads the header of a safetensors file in its usual form without building JSON values, which takes a tenth of the
/// time. Anything unusual (escapes, other keys, other numbers) is left to the JSON parser, which also says what is wrong.
package struct SafetensorsScanner {
  /// A tensor as the header states it, not validated.
  package struct Entry: Equatable {
    package var name: String
    package var type: SafetensorsType
    package var shape: [Int]
    package var offsets: [Int]
  }

  /// The tensors, in header order. A name that occurs twice is in it twice.
  package private(set) var entries: [Entry] = []
  /// The object of `__metadata__`; nil if there is none.
  package private(set) var metadata: Range<Int>?

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  /// The type that was read last: most tensors have the same.
  private var known: (name: Range<Int>, type: SafetensorsType)?

  /// The content of a header; nil if it is unusual.
  package static func scan(_ text: UnsafeRawBufferPointer) -> SafetensorsScanner? {
    var scanner = SafetensorsScanner(text)
    return scanner.document() ? scanner : nil
  }

  private init(_ text: UnsafeRawBufferPointer) { bytes = text.assumingMemoryBound(to: UInt8.self) }

  private mutating func document() -> Bool {
    skipSpace()
    guard take("{") else { return false }
    skipSpace()
    if !take("}") {
      repeat {
        skipSpace()
        guard let name = string(), separator(), member(name) else { return false }
        skipSpace()
      } while take(",")
      guard take("}") else { return false }
    }
    skipSpace()
    return position == bytes.count
  }

  private mutating func member(_ name: Range<Int>) -> Bool {
    guard isEqual(name, "__metadata__") else { return tensor(name) }
    let start = position
    guard metadata == nil, take("{") else { return false }
    skipSpace()
    if !take("}") {
      repeat {
        skipSpace()
        guard string() != nil, separator(), string() != nil else { return false }
        skipSpace()
      } while take(",")
      guard take("}") else { return false }
    }
    metadata = start..<position
    return true
  }

  private mutating func tensor(_ name: Range<Int>) -> Bool {
    guard take("{") else { return false }
    var type: SafetensorsType?
    var (shape, offsets): ([Int]?, [Int]?)
    repeat {
      skipSpace()
      guard let key = string(), separator() else { return false }
      if type == nil, isEqual(key, "dtype") {
        guard let name = string() else { return false }
        type = self.type(name)
      } else if shape == nil, isEqual(key, "shape") {
        shape = integers()
        if shape == nil { return false }
      } else if offsets == nil, isEqual(key, "data_offsets") {
        offsets = integers()
        if offsets == nil { return false }
      } else {
        return false
      }
      skipSpace()
    } while take(",")
    guard take("}"), let type, let shape, let offsets else { return false }
    entries.append(Entry(name: text(name), type: type, shape: shape, offsets: offsets))
    return true
  }

  private mutating func type(_ name: Range<Int>) -> SafetensorsType {
    if let known, known.name.count == name.count,
      zip(known.name, name).allSatisfy({ bytes[$0] == bytes[$1] })
    {
      return known.type
    }
    let type = SafetensorsType(name: text(name))
    known = (name, type)
    return type
  }

  /// An array of integers of at most 18 digits.
  private mutating func integers() -> [Int]? {
    guard take("[") else { return nil }
    skipSpace()
    if take("]") { return [] }
    var result: [Int] = []
    result.reserveCapacity(2)
    repeat {
      skipSpace()
      let start = position
      var value = 0
      while position < bytes.count, position - start < 18, case let digit = bytes[position] &- 48, digit < 10
      {
        value = value * 10 + Int(digit)
        position += 1
      }
      // A number with more digits, a sign, a fraction or an exponent has no comma or bracket here.
      guard position > start, bytes[start] != 48 || position == start + 1 else { return nil }
      result.append(value)
      skipSpace()
    } while take(",")
    return take("]") ? result : nil
  }

  /// The content of a string of ASCII characters without escapes.
  private mutating func string() -> Range<Int>? {
    guard take("\"") else { return nil }
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        return start..<position - 1
      }
      guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\\") else { return nil }
      position += 1
    }
    return nil
  }

  private mutating func separator() -> Bool {
    skipSpace()
    guard take(":") else { return false }
    skipSpace()
    return true
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  private func isEqual(_ range: Range<Int>, _ word: StaticString) -> Bool {
    range.count == word.utf8CodeUnitCount
      && range.indices.allSatisfy { bytes[$0] == word.utf8Start[$0 - range.lowerBound] }
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }
}
