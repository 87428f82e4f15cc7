import Basics

/// A vector of float32 numbers: the storage of parameters such as norm weights, biases and sinks. Copied once when it
/// is created.
package final class CPUVector {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  /// Uninitialised numbers.
  init(count: Int) {
    self.count = count
    pointer = .allocate(capacity: count)
  }

  /// A copy of a weight in float32.
  /// - Throws: `CPUVectorError` if the weight is quantised, which vectors in published models never are.
  package init(_ weight: Weight) throws(CPUVectorError) {
    count = weight.shape.reduce(1, *)
    pointer = .allocate(capacity: count)
    let bytes = weight.values.pointer
    switch weight.format {
    case .float32:
      for i in 0..<count { pointer[i] = bytes.loadUnaligned(fromByteOffset: 4 * i, as: Float.self) }
    case .float16:
      for i in 0..<count {
        pointer[i] = Self.float16(bytes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
      }
    case .bfloat16:
      for i in 0..<count {
        let bits = UInt32(bytes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)) << 16
        pointer[i] = Float(bitPattern: bits)
      }
    default: throw .quantised(weight.format)
    }
  }

  deinit { pointer.deallocate() }

  /// IEEE half precision from bits: Swift does not have Float16 on every platform.
  private static func float16(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let rest = UInt32(bits & 0x7fff)
    // An exponent of 31 is infinity or not a number; the multiplication normalises subnormal numbers.
    if rest >= 0x7c00 { return Float(bitPattern: sign | 0x7f80_0000 | (rest & 0x3ff) << 13) }
    let magnitude = Float(bitPattern: rest << 13) * Float(bitPattern: 0x7780_0000)  // 2^112
    return Float(bitPattern: sign | magnitude.bitPattern)
  }
}

/// Why a weight can't be used as a vector.
public enum CPUVectorError: Error, Equatable, CustomStringConvertible {
  /// The format is not float32, float16 or bfloat16.
  case quantised(WeightFormat)

  /// One line for the user.
  public var description: String {
    switch self {
    case .quantised(let format): "a vector is stored as \(format), which must not be quantised"
    }
  }
}
