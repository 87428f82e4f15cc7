extension Weight {
  /// The rows `range` of a matrix (or the numbers `range` of a vector), in place.
  /// - Throws: `WeightError` if the range is empty.
  package func rows(_ range: Range<Int>) throws(WeightError) -> Weight {
    try Weight(
      format: format, shape: shape(rows: range.count), values: slice(values, range),
      scales: scales.map { slice($0, range) }, biases: biases.map { slice($0, range) })
  }

  /// A copy of the rows at `indices` of a matrix (or of the numbers of a vector), in that order.
  /// - Throws: `WeightError` if there are none.
  package func rows(_ indices: [Int]) throws(WeightError) -> Weight {
    try Weight(
      format: format, shape: shape(rows: indices.count), values: gather(values, indices),
      scales: scales.map { gather($0, indices) }, biases: biases.map { gather($0, indices) })
  }

  /// The number of rows of a matrix, or of numbers of a vector.
  private var slices: Int { shape.count > 1 ? rows * matrices : columns }

  private func shape(rows: Int) -> [Int] {
    precondition(shape.count <= 2, "rows of a stack of matrices")
    return [rows] + shape.dropFirst()
  }

  private func slice(_ plane: Bytes, _ range: Range<Int>) -> Bytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= slices, "rows \(range) of \(slices)")
    let size = plane.count / slices
    let bytes = plane.pointer[range.lowerBound * size..<range.upperBound * size]
    return Bytes(UnsafeRawBufferPointer(rebasing: bytes), owner: plane.owner)
  }

  private func gather(_ plane: Bytes, _ indices: [Int]) -> Bytes {
    let size = plane.count / slices
    let memory = OwnedMemory(count: indices.count * size)
    for (place, index) in indices.enumerated() {
      let row = slice(plane, index..<index + 1).pointer
      if let start = row.baseAddress {
        (memory.pointer + place * size).copyMemory(from: start, byteCount: size)
      }
    }
    return memory.bytes
  }
}
