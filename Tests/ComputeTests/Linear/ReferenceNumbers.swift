import Basics
import Foundation

/// The numbers in a weight's planes by the definitions of the formats: one at a time, in double precision.
func referenceNumbers(
  _ format: WeightFormat, values: [UInt8], scales: [UInt8] = [], biases: [UInt8] = []
) -> [Double] {
  let blocks = values.count / format.blockBytes
  return (0..<blocks).flatMap { block -> [Double] in
    let bytes = Array(values[block * format.blockBytes..<(block + 1) * format.blockBytes])
    return (0..<format.blockColumns).map { column in
      switch format {
      case .float32: return float(bytes, 0, .float32)
      case .float16: return float(bytes, 0, .float16)
      case .bfloat16: return float(bytes, 0, .bfloat16)
      case .q4_0: return float(bytes, 0, .float16) * (nibble(bytes, 2, column) - 8)
      case .q4_1: return float(bytes, 0, .float16) * nibble(bytes, 4, column) + float(bytes, 2, .float16)
      case .q5_0:
        return float(bytes, 0, .float16) * (nibble(bytes, 6, column) + 16 * bit(bytes, 2, column) - 16)
      case .q5_1:
        let q = nibble(bytes, 8, column) + 16 * bit(bytes, 4, column)
        return float(bytes, 0, .float16) * q + float(bytes, 2, .float16)
      case .q8_0: return float(bytes, 0, .float16) * Double(Int8(bitPattern: bytes[2 + column]))
      case .q4_K, .q5_K: return kQuant(bytes, column, fifth: format == .q5_K)
      case .q6_K: return sixBits(bytes, column)
      case .q2_K:
        let packed = bytes[column / 16]
        let scale = float(bytes, 80, .float16) * Double(packed & 15)
        return scale * twoBits(bytes, 16, column) - float(bytes, 82, .float16) * Double(packed >> 4)
      case .q3_K: return threeBits(bytes, column)
      case .iq4_NL: return float(bytes, 0, .float16) * iq4[Int(nibble(bytes, 2, column))]
      case .iq4_XS:
        let block = column / 32
        let low = bytes[4 + block / 2] >> (block % 2 * 4) & 15,
          high = bytes[2 + block / 4] >> (block % 4 * 2) & 3
        return float(bytes, 0, .float16) * (Double(low | high << 4) - 32)
          * iq4[Int(nibble(bytes, 8 + 16 * block, column % 32))]
      case .mxfp4: return e2m1(Int(nibble(bytes, 1, column))) * pow(2, Double(bytes[0]) - 127)
      case .mxfp4Planar:
        return e2m1(Int(pairedNibble(bytes, column))) * pow(2, Double(scales[block]) - 127)
      case .nvfp4:
        let code = bytes[4 + column / 16 * 8 + column % 8] >> (column % 16 < 8 ? 0 : 4) & 15
        return e2m1(Int(code)) * e4m3(bytes[column / 16] & 127)
      case .nvfp4Planar: return e2m1(Int(pairedNibble(bytes, column))) * e4m3(scales[2 * block + column / 16])
      case .float8(_, let type):
        let scale = type == .e8m0 ? pow(2, Double(scales[block]) - 127) : float(scales, block * 4, .float32)
        return e4m3(bytes[column]) * scale
      case .zeroPoint(let bits, _, let type):
        let q = (0..<bits).reduce(0.0) { $0 + bit(bytes, 0, column * bits + $1) * Double(1 << $1) }
        return float(scales, block * (type == .float32 ? 4 : 2), type) * (q - Double(biases[block]))
      case .affine(let bits, _, let type):
        let q = (0..<bits).reduce(0.0) { $0 + bit(bytes, 0, column * bits + $1) * Double(1 << $1) }
        let size = type == .float32 ? 4 : 2
        return float(scales, block * size, type) * q + float(biases, block * size, type)
      default: return .nan
      }
    }
  }
}

/// Columns 0 to 15 in the low nibbles of 16 bytes, 16 to 31 in the high ones.
private func nibble(_ bytes: [UInt8], _ offset: Int, _ column: Int) -> Double {
  let byte = bytes[offset + column % 16]
  return Double(column < 16 ? byte & 15 : byte >> 4)
}

private let iq4: [Double] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

/// Halves of 128 columns in 32 bytes each, four runs of 32 in their pairs of bits.
private func twoBits(_ bytes: [UInt8], _ offset: Int, _ column: Int) -> Double {
  Double(bytes[offset + column / 128 * 32 + column % 32] >> (column % 128 / 32 * 2) & 3)
}

/// A third bit that is not set subtracts 4. The 16 scales are nibbles of 8 bytes and pairs of bits of 4.
private func threeBits(_ bytes: [UInt8], _ column: Int) -> Double {
  let q = twoBits(bytes, 32, column) - (bytes[column % 32] >> (column / 32) & 1 == 0 ? 4 : 0),
    index = column / 16
  let low = bytes[96 + index % 8] >> (index < 8 ? 0 : 4) & 15,
    high = bytes[104 + index % 4] >> (index / 4 * 2) & 3
  return float(bytes, 108, .float16) * (Double(low | high << 4) - 32) * q
}

/// Columns 2i and 2i + 1 in the low and the high nibble of byte i.
private func pairedNibble(_ bytes: [UInt8], _ column: Int) -> Double {
  Double(column % 2 == 0 ? bytes[column / 2] & 15 : bytes[column / 2] >> 4)
}

private func bit(_ bytes: [UInt8], _ offset: Int, _ column: Int) -> Double {
  Double(bytes[offset + column / 8] >> (column % 8) & 1)
}

/// One bit of sign, four of exponent (less 7), three of fraction.
private func e4m3(_ code: UInt8) -> Double {
  let exponent = Int(code >> 3 & 15), fraction = Double(code & 7) / 8
  let magnitude = exponent == 0 ? fraction * pow(2, -6) : (1 + fraction) * pow(2, Double(exponent - 7))
  return code & 128 == 0 ? magnitude : -magnitude
}

private func e2m1(_ code: Int) -> Double {
  let magnitude = [0, 0.5, 1, 1.5, 2, 3, 4, 6][code & 7]
  return code & 8 == 0 ? magnitude : -magnitude
}

/// Sub-blocks of 32; two of them share 32 bytes of nibbles, the first in the low ones.
private func kQuant(_ bytes: [UInt8], _ column: Int, fifth: Bool) -> Double {
  let block = column / 32, index = column % 32
  let packed = Array(bytes[4..<16])
  let scale: UInt8, minimum: UInt8
  if block < 4 {
    scale = packed[block] & 63
    minimum = packed[block + 4] & 63
  } else {
    scale = packed[block + 4] & 15 | (packed[block - 4] >> 6) << 4
    minimum = packed[block + 4] >> 4 | (packed[block] >> 6) << 4
  }
  let byte = bytes[(fifth ? 48 : 16) + block / 2 * 32 + index]
  var q = Int(block % 2 == 0 ? byte & 15 : byte >> 4)
  if fifth { q += 16 * Int(bytes[16 + index] >> block & 1) }
  return float(bytes, 0, .float16) * Double(scale) * Double(q) - float(bytes, 2, .float16) * Double(minimum)
}

/// Two halves of 128 columns; each has 64 bytes of nibbles and 32 bytes of upper bits for four runs of 32.
private func sixBits(_ bytes: [UInt8], _ column: Int) -> Double {
  let half = column / 128, run = column % 128 / 32, index = column % 32
  let byte = bytes[64 * half + 32 * (run % 2) + index]
  let low = run < 2 ? byte & 15 : byte >> 4
  let high = bytes[128 + 32 * half + index] >> (2 * run) & 3
  let scale = Int8(bitPattern: bytes[192 + column / 16])
  return float(bytes, 208, .float16) * Double(scale) * Double(Int(low | high << 4) - 32)
}

private func float(_ bytes: [UInt8], _ offset: Int, _ type: WeightFormat.ScaleType) -> Double {
  let low = UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8
  switch type {
  case .float32:
    return Double(
      Float(bitPattern: low | UInt32(bytes[offset + 2]) << 16 | UInt32(bytes[offset + 3]) << 24))
  case .bfloat16: return Double(Float(bitPattern: low << 16))
  case .float16:
    let sign: Double = low & 0x8000 == 0 ? 1 : -1
    let exponent = Int(low >> 10 & 31), fraction = Double(low & 0x3ff)
    if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
    return exponent == 0
      ? sign * fraction * pow(2, -24) : sign * (1 + fraction / 1024) * pow(2, Double(exponent - 15))
  }
}
