import Basics
import Dispatch

// BitNet's weights are repacked while loading: a byte has the numbers, plus 1, of one column of the rows r, r + R/4, r +
// R/2 and r + 3R/4, where kernels want consecutive columns of one row. The copy is as large as the tensor; its pages in
// the file are released afterwards.
extension SafetensorsStore {
  /// The format of the repacked weight: GGUF's TQ2_0 if the columns divide into its blocks and its float16 can hold the
  /// scale exactly, otherwise affine groups, or plain numbers if the columns do not divide.
  func ternaryFormat(_ values: Place, _ scale: Place) throws(FileError) -> (
    format: WeightFormat, shape: [Int]
  ) {
    let shape = values.tensor.shape
    guard configuration?["model_type"]?.asString == "bitnet" else {
      throw failure(.unsupported, values, "is ternary, which is supported for the model_type 'bitnet' only")
    }
    guard shape.count == 2, let columns = shape.last, scale.tensor.numbers == 1,
      scale.tensor.type.scaleType != nil
    else {
      throw failure(.damaged, values, "\(shape) with scales \(scale.tensor.shape) is not a ternary matrix")
    }
    let extents = [4 * shape[0], columns]
    let factor = try ternaryFactor(scale)
    if columns % 256 == 0, Float(Float16(factor)) == factor { return (.tq2_0, extents) }
    guard let group = [128, 64, 32].first(where: { columns % $0 == 0 }) else { return (.float32, extents) }
    return (.affine(bits: 2, groupSize: group, scale: .float32), extents)
  }

  /// The factor on the numbers -1, 0 and 1.
  private func ternaryFactor(_ scale: Place) throws(FileError) -> Float {
    let stored = try bytes(scale).number(0, scale.tensor.type)
    // transformers' BitLinear divides by the scale, its AutoBitLinear multiplies.
    let isInverse = configuration?["quantization_config"]?["linear_class"]?.asString != "autobitlinear"
    return isInverse ? 1 / stored : stored
  }

  func ternary(_ values: Place, _ scale: Place) throws(FileError) -> Weight {
    let (format, shape) = try ternaryFormat(values, scale)
    let factor = try ternaryFactor(scale), packed = try bytes(values)
    let rows = shape[0], columns = shape[1]
    let rowBytes = columns / format.blockColumns * format.blockBytes
    let memory = OwnedMemory(count: rows * rowBytes)
    packed.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      // Each iteration has rows of the target of its own.
      nonisolated(unsafe) let (base2, target) = (base.assumingMemoryBound(to: UInt8.self), memory.pointer)
      DispatchQueue.concurrentPerform(iterations: rows) { row in
        let from = base2 + row % (rows / 4) * columns, shift = UInt8(2 * (row / (rows / 4)))
        let to = target + row * rowBytes
        switch format {
        case .tq2_0: Ternary.storeBlocks(from, shift, columns, Float16(factor), to)
        case .float32: Ternary.storeNumbers(from, shift, columns, factor, to)
        default: Ternary.storeFours(from, shift, columns, to)
        }
      }
    }
    files[values.file].advise(.dontNeed, values.tensor.bytes)
    do {
      guard case .affine(_, let group, _) = format else {
        return try Weight(format: format, shape: shape, values: memory.bytes)
      }
      let count = rows * columns / group
      return try Weight(
        format: format, shape: shape, values: memory.bytes,
        scales: Bytes(copying: [Float](repeating: factor, count: count)),
        biases: Bytes(copying: [Float](repeating: -factor, count: count)))
    } catch { throw failure(.damaged, values, "\(error)") }
  }
}

/// A row of ternary numbers (plus 1, two bits of each byte from `shift` on) in another packing.
private enum Ternary {
  /// TQ2_0: of 128 columns, byte i has columns i, i + 32, i + 64 and i + 96; a float16 follows 256 columns.
  static func storeBlocks(
    _ from: UnsafePointer<UInt8>, _ shift: UInt8, _ columns: Int, _ factor: Float16,
    _ to: UnsafeMutableRawPointer
  ) {
    let two = SIMD32<UInt8>(repeating: 3)
    for block in 0..<columns / 256 {
      let out = to + 66 * block
      for half in 0..<2 {
        var packed = SIMD32<UInt8>()
        for part in 0..<4 {
          let start = UnsafeRawPointer(from + 256 * block + 128 * half + 32 * part)
          let numbers = start.loadUnaligned(as: SIMD32<UInt8>.self) &>> SIMD32(repeating: shift) & two
          packed |= numbers &<< SIMD32(repeating: UInt8(2 * part))
        }
        (out + 32 * half).storeBytes(of: packed, as: SIMD32<UInt8>.self)
      }
      (out + 64).storeBytes(of: factor.bitPattern.littleEndian, as: UInt16.self)
    }
  }

  /// Consecutive columns in two bits each.
  static func storeFours(
    _ from: UnsafePointer<UInt8>, _ shift: UInt8, _ columns: Int, _ to: UnsafeMutableRawPointer
  ) {
    for index in 0..<columns / 4 {
      var byte: UInt8 = 0
      for i in 0..<4 { byte |= (from[4 * index + i] >> shift & 3) << UInt8(2 * i) }
      to.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
  }

  static func storeNumbers(
    _ from: UnsafePointer<UInt8>, _ shift: UInt8, _ columns: Int, _ factor: Float,
    _ to: UnsafeMutableRawPointer
  ) {
    for column in 0..<columns {
      let number = Float(Int(from[column] >> shift & 3) - 1) * factor
      to.storeBytes(of: number, toByteOffset: 4 * column, as: Float.self)
    }
  }
}
