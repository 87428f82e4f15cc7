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
      let scaled = try quantizer.scaled(weight, rows: range, by: factors)
      let bytes = try quantizer.quantize(scaled, rows: 0..<range.count, to: format, type: .float32).values
      try append(bytes, numbers)
    }
  }
}
