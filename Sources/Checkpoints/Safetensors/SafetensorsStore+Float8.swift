import Basics

// FP8 weights: E4M3 bytes, used where they are mapped. Their scales are few in the file (one per tensor, row or block of
// 128 x 128); kernels want a row of scales for every row of weights, so a plane of them is made: 3% of the weight's size
// for blocks, less for rows.
extension SafetensorsStore {
  /// The block of weights that share a scale, and the weight's format.
  struct Float8Format {
    let format: WeightFormat
    /// Rows and columns of a block.
    let blockRows: Int, blockColumns: Int
    /// Columns that share a scale in the plane.
    let group: Int
  }

  func float8(_ values: Place, _ scale: Place?) throws(FileError) -> Weight {
    let layout = try float8Format(values, scale)
    let shape = values.tensor.shape
    let columns = shape.last ?? 1, rows = shape.dropLast().last ?? 1
    let matrices = shape.dropLast(2).reduce(1, *), groups = columns / layout.group
    let plane = OwnedMemory(count: matrices * rows * groups * 4)
    let stored = try scale.map { (place) throws(FileError) in (try bytes(place), place.tensor.type) }
    let across = (columns + layout.blockColumns - 1) / layout.blockColumns
    let down = (rows + layout.blockRows - 1) / layout.blockRows
    let isShared = (scale?.tensor.numbers ?? 1) == 1
    for matrix in 0..<matrices {
      for row in 0..<rows {
        for group in 0..<groups {
          let block =
            (matrix * down + row / layout.blockRows) * across + group * layout.group / layout.blockColumns
          let number = stored.map { $0.0.number(isShared ? 0 : block, $0.1) } ?? 1
          let place = (matrix * rows + row) * groups + group
          plane.pointer.storeBytes(of: number, toByteOffset: 4 * place, as: Float.self)
        }
      }
    }
    do {
      return try Weight(format: layout.format, shape: shape, values: bytes(values), scales: plane.bytes)
    } catch let error as FileError { throw error } catch { throw failure(.damaged, values, "\(error)") }
  }

  func float8Format(_ values: Place, _ scale: Place?) throws(FileError) -> Float8Format {
    let shape = values.tensor.shape
    guard shape.count >= 2, let columns = shape.last, let rows = shape.dropLast().last, columns > 0, rows > 0
    else {
      throw failure(.unsupported, values, "is stored as F8_E4M3, which is supported for matrices only")
    }
    let (blockRows, blockColumns) = try float8Block(values, scale, rows: rows, columns: columns)
    let group = blockColumns >= columns ? columns : greatestCommonDivisor(blockColumns, columns)
    guard group % 32 == 0 else {
      throw failure(
        .unsupported, values,
        "has \(columns) FP8 columns with scales of \(blockColumns); multiples of 32 are supported")
    }
    return Float8Format(
      format: .float8(groupSize: group, scale: .float32), blockRows: blockRows, blockColumns: blockColumns,
      group: group)
  }

  /// The size of the blocks that share a scale, from the shape of the scales and the settings in config.json.
  private func float8Block(
    _ values: Place, _ scale: Place?, rows: Int, columns: Int
  ) throws(FileError) -> (rows: Int, columns: Int) {
    guard let scale else { return (rows, columns) }
    let matrices = values.tensor.shape.dropLast(2).reduce(1, *), extents = scale.tensor.shape
    guard [.float32, .float16, .bfloat16, .float8E8M0].contains(scale.tensor.type) else {
      throw failure(.unsupported, scale, "scales are stored as \(scale.tensor.type), which is not supported")
    }
    let count = scale.tensor.numbers
    if count == 1 || (count == matrices && extents.first == matrices) { return (rows, columns) }
    if count == matrices * rows, extents.last == 1 || extents.count < values.tensor.shape.count {
      return (1, columns)
    }
    let size = float8BlockSize
    guard extents.count == values.tensor.shape.count, extents.dropLast(2) == values.tensor.shape.dropLast(2),
      extents.suffix(2) == [(rows + size.rows - 1) / size.rows, (columns + size.columns - 1) / size.columns]
    else {
      throw failure(
        .damaged, scale,
        "the scales \(extents) do not match \(values.tensor.shape) in blocks of \(size.rows)x\(size.columns)")
    }
    return size
  }

  /// `weight_block_size` (DeepSeek, Qwen) or `block_structure` (compressed-tensors); otherwise 128 x 128.
  private var float8BlockSize: (rows: Int, columns: Int) {
    let settings = configuration?["quantization_config"] ?? configuration?["compression_config"]
    let groups = settings?["config_groups"]?.asObject
    let structure = groups?.lazy.compactMap { $0.1["weights"]?["block_structure"] }.first
    let sizes = (settings?["weight_block_size"] ?? structure)?.asArray?.compactMap(\.asInteger) ?? []
    guard sizes.count == 2, sizes.allSatisfy({ 1...1 << 20 ~= $0 }) else { return (128, 128) }
    return (sizes[0], sizes[1])
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }

extension Bytes {
  /// Number `index` of a plane of float32, float16, bfloat16 or E8M0 (2^(x - 127)) numbers.
  func number(_ index: Int, _ type: SafetensorsType) -> Float {
    withUnsafeBytes { bytes in
      switch type {
      case .float32:
        let bits = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
        return Float(bitPattern: UInt32(littleEndian: bits))
      case .bfloat16:
        let bits = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
        return Float(bitPattern: UInt32(UInt16(littleEndian: bits)) << 16)
      case .float16:
        let bits = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1, exponent = Int(bits >> 10 & 31),
          fraction = Float(bits & 1023)
        if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
        let significand = exponent == 0 ? fraction / 1024 : 1 + fraction / 1024
        return sign * significand * Float(sign: .plus, exponent: max(exponent, 1) - 15, significand: 1)
      default:
        let exponent = Int(bytes[index]) - 127
        return exponent == 128 ? .nan : Float(sign: .plus, exponent: exponent, significand: 1)
      }
    }
  }
}
