import Basics
import Checkpoints
import Compute

/// Converts the rows of weights to a format of GGUF, a few megabytes at a time.
struct GGUFRows {
  private let quantizer: WeightQuantizer

  init(threads: Int) { quantizer = WeightQuantizer(threads: threads) }

  /// Numbers that are quantised between two writes.
  private static let chunkNumbers = 4 << 20

  /// - Parameters:
  ///   - factors: lists of one number or one for every row, to multiply by in turn.
  ///   - append: is given the bytes of the next rows and the number of their numbers.
  func write(
    _ weight: Weight, factors: [[Float]], to format: WeightFormat,
    append: (_ bytes: Bytes, _ numbers: Int) throws -> Void
  ) throws {
    let rows = weight.rows * weight.matrices
    let chunk = max(1, Self.chunkNumbers / max(1, weight.columns))
    for start in stride(from: 0, to: rows, by: chunk) {
      let range = start..<min(rows, start + chunk)
      let numbers = range.count * weight.columns
      guard !factors.isEmpty else {
        try append(quantizer.quantize(weight, rows: range, to: format, type: .float32).values, numbers)
        continue
      }
      let scaled = try scaled(weight, range, factors)
      let bytes = try quantizer.quantize(scaled, rows: 0..<range.count, to: format, type: .float32).values
      try append(bytes, numbers)
    }
  }

  private func scaled(_ weight: Weight, _ range: Range<Int>, _ factors: [[Float]]) throws -> Weight {
    let columns = weight.columns
    let plain = try quantizer.quantize(weight, rows: range, to: .float32, type: .float32).values
    let memory = OwnedMemory(count: plain.count)
    let target = memory.pointer.bindMemory(to: Float.self, capacity: range.count * columns)
    plain.withUnsafeBytes { source in
      let source = source.bindMemory(to: Float.self)
      for row in 0..<range.count {
        for index in row * columns..<(row + 1) * columns { target[index] = source[index] }
        for list in factors {
          let factor = list.count == 1 ? list[0] : list[range.lowerBound + row]
          for index in row * columns..<(row + 1) * columns { target[index] *= factor }
        }
      }
    }
    return try Weight(format: .float32, shape: [range.count, columns], values: memory.bytes)
  }
}
