/// The fields of a protocol buffer message, in the order of the file
/// (https://protobuf.dev/programming-guides/encoding). All lengths are checked.
struct ProtocolBuffer {
  /// A value as it is encoded.
  enum Value {
    /// A number of variable, 32 or 64 bits.
    case word(UInt64)
    /// A string, or a message.
    case bytes(UnsafeRawBufferPointer)
  }

  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The fields; the last is nil if the message is damaged.
  var fields: Fields { Fields(bytes: bytes) }

  /// Reads fields one by one.
  struct Fields: Sequence, IteratorProtocol {
    fileprivate let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var isDamaged = false

    fileprivate init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> (number: Int, value: Value)?? {
      guard !isDamaged, position < bytes.count else { return nil }
      if let field = field() { return .some(field) }
      isDamaged = true
      return .some(nil)
    }

    private mutating func field() -> (number: Int, value: Value)? {
      guard let key = variableNumber(), let number = Int(exactly: key >> 3), number > 0 else { return nil }
      switch key & 7 {
      case 0: return variableNumber().map { (number, .word($0)) }
      case 1: return fixedNumber(8).map { (number, .word($0)) }
      case 2:
        guard let length = variableNumber(), length <= bytes.count - position else { return nil }
        let content = UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
        position += Int(length)
        return (number, .bytes(content))
      case 5: return fixedNumber(4).map { (number, .word($0)) }
      default: return nil
      }
    }

    private mutating func variableNumber() -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 70, by: 7) {
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
      }
      return nil
    }

    private mutating func fixedNumber(_ count: Int) -> UInt64? {
      guard count <= bytes.count - position else { return nil }
      defer { position += count }
      return (0..<count).reduce(0) { $0 | UInt64(bytes[position + $1]) << UInt64(8 * $1) }
    }
  }
}
