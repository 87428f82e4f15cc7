import Basics
import Compute

extension WeightQuantizer {
  /// Rows of a weight times factors in float32, one list after the other, as llama.cpp's converter multiplies.
  /// - Parameter factors: lists of one number or one for every row of the weight.
  func scaled(_ weight: Weight, rows range: Range<Int>, by factors: [[Float]]) throws -> Weight {
    let columns = weight.columns
    let plain = try quantize(weight, rows: range, to: .float32, type: .float32).values
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

  /// Rows of a weight times factors as MLX multiplies: everything in the weight's own type, first the lists with each
  /// other, and every factor and product is rounded to that type.
  func scaled(
    _ weight: Weight, rows range: Range<Int>, by factors: [[Float]], in type: WeightFormat.ScaleType
  ) throws -> Weight {
    guard let first = factors.first else { return try rounded(weight, rows: range, to: type) }
    var factor = try rounded(first, to: type)
    for list in factors.dropFirst() {
      let next = try rounded(list, to: type)
      let products = (0..<max(factor.count, next.count)).map { index in
        factor[factor.count == 1 ? 0 : index] * next[next.count == 1 ? 0 : index]
      }
      factor = try rounded(products, to: type)
    }
    let products = try scaled(weight, rows: range, by: [factor])
    return try rounded(products, rows: 0..<range.count, to: type)
  }

  private func rounded(
    _ weight: Weight, rows range: Range<Int>, to type: WeightFormat.ScaleType
  ) throws -> Weight {
    let format = WeightFormat(type)
    let values = try quantize(weight, rows: range, to: format, type: type).values
    return try Weight(format: format, shape: [range.count, weight.columns], values: values)
  }

  private func rounded(_ numbers: [Float], to type: WeightFormat.ScaleType) throws -> [Float] {
    guard type != .float32 else { return numbers }
    let row = try Weight(format: .float32, shape: [1, numbers.count], values: Bytes(copying: numbers))
    let bytes = try quantize(rounded(row, rows: 0..<1, to: type), rows: 0..<1, to: .float32, type: .float32)
      .values
    return bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }
}
