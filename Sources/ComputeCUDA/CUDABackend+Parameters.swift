import Basics
import CCUDA
import Compute

// Weights on the device: copied once, with the layout of some formats changed there.
extension CUDABackend {
  /// Copies a weight to the device: a vector as float32, a matrix in its format or in planes.
  public func parameter(_ weight: Weight, rowOrder: [Range<Int>]?) throws -> Parameter {
    let ordered = try rowOrder.map { try weight.rows($0.flatMap { Array($0) }) } ?? weight
    if ordered.shape.count == 1 {
      let vector = try CPUVector(ordered)
      let buffer = try memory.take(vector.count * MemoryLayout<Float>.size)
      try check(
        sotto_cuda_copy_in(context.handle, buffer.address, vector.pointer, buffer.byteCount, stream.handle))
      return Parameter(shape: ordered.shape, storage: CUDAVector(buffer, count: vector.count))
    }
    let key = rowOrder == nil ? UnsafeRawPointer(ordered.values.pointer.baseAddress) : nil
    if let key, let known = matrices[key], let matrix = known.matrix, known.owner === ordered.values.owner,
      known.format == ordered.format, known.shape == ordered.shape
    {
      return Parameter(shape: ordered.shape, storage: matrix)
    }
    let matrix = try loaded([ordered])
    if let key {
      matrices[key] = WeakMatrix(
        matrix: matrix, owner: ordered.values.owner, format: ordered.format, shape: ordered.shape)
    }
    return Parameter(shape: ordered.shape, storage: matrix)
  }

  /// Copies separate matrices of one shape and format together.
  public func parameter(stack: [Weight]) throws -> Parameter {
    guard let first = stack.first,
      stack.allSatisfy({ $0.format == first.format && $0.shape == first.shape && $0.matrices == 1 })
    else { throw CPUMatrixError.unlikeMatrices }
    return Parameter(shape: [stack.count] + first.shape, storage: try loaded(stack))
  }

  /// Matrices of one shape and format, one after another on the device.
  private func loaded(_ weights: [Weight]) throws -> CUDAMatrix {
    let first = weights[0], format = try CUDAFormat(first.format)
    let rows = first.rows, columns = first.columns, matrices = weights.count * first.matrices
    var matrix = sotto_cuda_matrix()
    matrix.format = Int32(format.kept.rawValue)
    matrix.scale_type = Int32(format.scaleType.rawValue)
    matrix.group = Int32(format.group)
    matrix.has_zero_points = format.hasZeroPoints ? 1 : 0
    matrix.rows = Int64(rows)
    matrix.columns = Int64(columns)
    matrix.matrices = Int64(matrices)
    let numbers = rows * columns * matrices, lines = rows * matrices
    let values: CUDABuffer
    var scales: CUDABuffer?, biases: CUDABuffer?
    if let planes = format.planes {
      let blocks = numbers / first.format.blockColumns
      values = try memory.take(blocks * planes.values, isOwn: true)
      let kept = try memory.take(blocks * planes.scales, isOwn: true)
      scales = kept
      if planes.biases > 0 { biases = try memory.take(blocks * planes.biases, isOwn: true) }
      try split(weights, format, planes, values: values, scales: kept, biases: biases)
    } else if format.stored == SOTTO_CUDA_BLOCKS {
      values = try joined(try weights.map { try $0.decodedBlocks() })
    } else {
      values = try joined(weights.map(\.values))
      if first.scales != nil { scales = try joined(weights.compactMap(\.scales)) }
      if format.kept == SOTTO_CUDA_FOURS, let scales { limit(scales) }
      if first.biases != nil { biases = try joined(weights.compactMap(\.biases)) }
    }
    matrix.values = values.address
    matrix.value_bytes = Int64(values.byteCount / lines)
    if let scales {
      matrix.scales = scales.address
      matrix.scale_bytes = Int64(scales.byteCount / lines)
    }
    if let biases {
      matrix.biases = biases.address
      matrix.bias_bytes = Int64(biases.byteCount / lines)
    }
    return CUDAMatrix(matrix, planes: [values, scales, biases].compactMap { $0 })
  }

  /// A copy of planes, one after another.
  private func joined(_ planes: [Bytes]) throws(CUDAProblem) -> CUDABuffer {
    let buffer = try memory.take(planes.reduce(0) { $0 + $1.count }, isOwn: true)
    var start = buffer.address
    for plane in planes {
      try upload.copy(plane, to: { start + UInt64($0) })
      start += UInt64(plane.count)
    }
    return buffer
  }

  /// Limits scales of MXFP4 as the kernels have them.
  private func limit(_ scales: CUDABuffer) {
    let count = scales.byteCount
    let call = sotto_cuda_repacking(
      format: Int32(SOTTO_CUDA_MXFP4_PLANAR.rawValue), unused: 0, blocks: Int64(count), from: 0, values: 0,
      scales: scales.address, biases: 0)
    launch(.repacking, call, grid: ((count + 255) / 256, 1, 1), threads: 256)
  }

  /// Splits blocks into planes of values, scales and biases, on the device.
  private func split(
    _ weights: [Weight], _ format: CUDAFormat, _ planes: (values: Int, scales: Int, biases: Int),
    values: CUDABuffer, scales: CUDABuffer, biases: CUDABuffer?
  ) throws(CUDAProblem) {
    let raw = try memory.take(CUDAUpload.slotBytes)
    let unit = weights[0].format.blockBytes
    var block = 0
    for weight in weights {
      try upload.copy(weight.values, to: { _ in raw.address }, unit: unit) { offset, count in
        let at = UInt64(block + offset / unit)
        let call = sotto_cuda_repacking(
          format: Int32(format.stored.rawValue), unused: 0, blocks: Int64(count / unit), from: raw.address,
          values: values.address + at * UInt64(planes.values),
          scales: scales.address + at * UInt64(planes.scales),
          biases: biases.map { $0.address + at * UInt64(planes.biases) } ?? 0)
        launch(.repacking, call, grid: ((count / unit + 255) / 256, 1, 1), threads: 256)
      }
      block += weight.values.count / unit
    }
  }

  /// The address of a vector parameter of length `count`.
  func vector(_ parameter: Parameter, count: Int) -> UInt64 {
    guard let vector = parameter.storage as? CUDAVector else { preconditionFailure("not a vector") }
    precondition(vector.count == count, "a vector of \(vector.count) numbers in place of \(count)")
    return vector.buffer.address
  }

  /// The matrix of a parameter.
  func matrix(_ parameter: Parameter) -> sotto_cuda_matrix {
    guard let matrix = parameter.storage as? CUDAMatrix else { preconditionFailure("not a matrix") }
    return matrix.described
  }

  /// A vector, or the rows of a matrix, as float32 numbers.
  func numbers(_ parameter: Parameter, count: Int) -> UInt64 {
    if parameter.storage is CUDAVector { return vector(parameter, count: count) }
    guard let matrix = parameter.storage as? CUDAMatrix else { preconditionFailure("not numbers") }
    precondition(parameter.shape.reduce(1, *) == count, "\(parameter.shape) in place of \(count) numbers")
    if let floats = matrix.floats { return floats.address }
    var table = matrix.described
    table.rows *= table.matrices
    table.matrices = 1
    let lines = Int(table.rows), columns = Int(table.columns)
    let result = take(bytes: count * MemoryLayout<Float>.size)
    let ids = copied((0..<Int32(lines)).map { $0 })
    decodeRows(table, ids: ids.address, few: [], count: lines, scale: 1, into: result.address, columns)
    matrix.floats = result
    return result.address
  }
}
