import CCUDA
import Compute

// Matrix products: a few rows go through a kernel that reads the matrix once, many rows through tiles.
extension CUDABackend {
  /// The rows of `table` for `tokens`, times `scale`; zeros for -1.
  public func embedding(_ tokens: Tokens, table: Parameter, scale: Float) -> Tensor {
    let (result, y) = make(rows: tokens.count, columns: table.columns)
    let table = matrix(table), columns = Int(table.columns)
    switch tokens.storage {
    case .host(let ids) where ids.count <= Self.fewIDs:
      decodeRows(table, ids: 0, few: ids, count: ids.count, scale: scale, into: y, columns)
    case .host(let ids):
      let copy = copied(ids)
      decodeRows(table, ids: copy.address, few: [], count: ids.count, scale: scale, into: y, columns)
    case .device(let object):
      guard let buffer = object as? CUDABuffer else { preconditionFailure("tokens of another backend") }
      decodeRows(table, ids: buffer.address, few: [], count: tokens.count, scale: scale, into: y, columns)
    }
    return result
  }

  /// Ids that fit into a kernel's arguments.
  static let fewIDs = 64

  /// Decodes rows of a table.
  func decodeRows(
    _ table: sotto_cuda_matrix, ids: UInt64, few: [Int32], count: Int, scale: Float, into y: UInt64,
    _ columns: Int
  ) {
    // The grid's second dimension is limited.
    for first in stride(from: 0, to: count, by: 32_768) {
      let rows = min(32_768, count - first)
      var call = sotto_cuda_embedding()
      call.table = table
      call.tokens = ids == 0 ? 0 : ids + UInt64(4 * first)
      call.y = y + UInt64(4 * first * columns)
      call.scale = scale
      call.count = Int32(rows)
      withUnsafeMutableBytes(of: &call.few) { $0.copyBytes(from: few.withUnsafeBytes { Array($0) }) }
      launch(.embedding, call, grid: ((columns + 1023) / 1024, rows, 1), threads: 128)
    }
  }

  /// The outputs of the layers side by side, plus `residual`.
  public func linear(_ x: Tensor, _ layers: [Linear], adding residual: Tensor?) -> Tensor {
    let outputs = layers.reduce(0) { $0 + $1.outputs }
    let (result, y) = make(rows: x.rows, columns: outputs)
    precondition(layers.allSatisfy { $0.weight.columns == x.columns }, "inputs are not \(x.columns) wide")
    precondition(
      residual.map { $0.rows == x.rows && $0.columns == outputs } ?? true, "a residual of another size")
    var first = 0
    var described: [sotto_cuda_layer] = []
    for layer in layers {
      described.append(
        sotto_cuda_layer(
          weight: matrix(layer.weight), bias: layer.bias.map { vector($0, count: layer.outputs) } ?? 0,
          first: Int64(first)))
      first += layer.outputs
    }
    var call = sotto_cuda_linear()
    setInputs(&call, x, rowsOnly: x.rows <= Self.fewRows && hasRowKernel(described, rows: x.rows))
    call.residual = rows(of: residual)
    call.y = y
    call.y_stride = Int64(outputs)
    call.tokens = Int32(x.rows)
    call.selection = Int32(SOTTO_CUDA_ONE_MATRIX.rawValue)
    call.matrices = 1
    multiply(&call, described)
    return result
  }

  /// Each head's first columns times the head's own matrix, followed by the head's other columns.
  public func headLinear(_ x: Tensor, _ weight: Parameter) -> Tensor {
    let matrix = matrix(weight), heads = Int(matrix.matrices)
    let (outputs, inputs) = (Int(matrix.rows), Int(matrix.columns))
    precondition(
      x.columns % heads == 0 && x.columns / heads >= inputs,
      "\(x.columns) columns for \(heads) heads of \(inputs)")
    let headSize = x.columns / heads, tail = headSize - inputs, width = outputs + tail
    let (result, y) = make(rows: x.rows, columns: heads * width)
    var call = sotto_cuda_linear()
    call.x = rows(of: x)
    call.y = y
    call.y_stride = Int64(heads * width)
    call.tokens = Int32(x.rows)
    call.selection = Int32(SOTTO_CUDA_APART.rawValue)
    call.matrices = Int32(heads)
    call.x_apart = Int64(headSize)
    call.y_apart = Int64(width)
    multiply(&call, [sotto_cuda_layer(weight: matrix, bias: 0, first: 0)])
    if tail > 0 {
      // Each head is copied by itself: its rows are `x.stride` apart.
      for head in 0..<heads {
        var copy = sotto_cuda_elementwise()
        copy.operation = Int32(SOTTO_CUDA_SCALE.rawValue)
        copy.scale = 1
        copy.a = rows(of: x)
        copy.a.data += UInt64(4 * (head * headSize + inputs))
        copy.b = copy.a
        copy.y = y + UInt64(4 * (head * width + outputs))
        copy.y_stride = Int64(heads * width)
        run(&copy, rows: x.rows, columns: tail)
      }
    }
    return result
  }

  /// Rows up to which a matrix is read once for all of them.
  static let fewRows = 8

  /// Runs a product over its layers, as many at a time as a kernel takes.
  func multiply(_ call: inout sotto_cuda_linear, _ layers: [sotto_cuda_layer]) {
    guard call.tokens > 0 else { return }
    for start in stride(from: 0, to: layers.count, by: Int(SOTTO_CUDA_MOST_LAYERS)) {
      let some = Array(layers[start..<min(start + Int(SOTTO_CUDA_MOST_LAYERS), layers.count)])
      call.layer_count = Int32(some.count)
      call.outputs = some.reduce(0) { $0 + $1.weight.rows }
      withUnsafeMutableBytes(of: &call.layers) { target in
        some.withUnsafeBytes { target.copyMemory(from: $0) }
      }
      run(call, some)
    }
  }

  private func run(_ call: sotto_cuda_linear, _ layers: [sotto_cuda_layer]) {
    let tokens = Int(call.tokens), matrices = Int(call.matrices)
    func tiles(_ size: Int) -> Int { layers.reduce(0) { $0 + (Int($1.weight.rows) + size - 1) / size } }
    let selection = sotto_cuda_selection(UInt32(call.selection))
    if precision == .fast, runRows(call, layers, selection) { return }
    switch selection {
    case SOTTO_CUDA_ENTRIES:
      return launch(.linearOne, call, grid: (tiles(4), tokens, 1), threads: 128)
    case SOTTO_CUDA_ONE_MATRIX, SOTTO_CUDA_APART:
      if tokens <= Self.fewRows {
        let depth = selection == SOTTO_CUDA_APART ? matrices : 1
        return launch(
          tokens == 1 ? .linearOne : .linearFew, call, grid: (tiles(4), 1, depth), threads: 128)
      }
    default: break
    }
    /// Tiles of rows of all matrices, at most.
    func rowTiles(_ size: Int) -> Int {
      switch selection {
      case SOTTO_CUDA_SORTED: min(tokens, tokens / size + matrices)
      case SOTTO_CUDA_APART: (tokens + size - 1) / size * matrices
      default: (tokens + size - 1) / size
      }
    }
    if precision == .exact {
      return launch(.linearExact, call, grid: (tiles(64), rowTiles(64), 1), threads: 256)
    }
    let perMatrix = selection == SOTTO_CUDA_SORTED ? tokens / matrices : tokens
    let size = perMatrix > 96 && tiles(128) * rowTiles(128) >= device.multiprocessors ? 128 : 64
    var call = call
    let halves = roundedInputs(&call, layers)
    launch(
      Self.tileKernel(layers, size: size, hasHalves: halves != nil), call,
      grid: (tiles(128), rowTiles(size), 1), threads: 256,
      shared: halves == nil ? 0 : CUDAKernel.tileMemory(size))
  }

  /// Sets the inputs of a product; a pending norm is left to the product if it is one of a few rows.
  func setInputs(_ call: inout sotto_cuda_linear, _ x: Tensor, rowsOnly: Bool) {
    guard rowsOnly, let norm = x.pending(CUDAPendingNorm.self) else {
      call.x = rows(of: x)
      return
    }
    call.x = rows(of: norm.x)
    call.normalises = 1
    call.epsilon = norm.epsilon
    call.offset = norm.offset
    call.norm_weight = norm.weight.map { vector($0, count: x.columns) } ?? 0
  }

  /// Whether products of a few rows on inputs in 8 bits exist for the layers' format.
  func hasRowKernel(_ layers: [sotto_cuda_layer], rows: Int) -> Bool {
    guard precision == .fast, let first = layers.first?.weight, first.columns % 32 == 0,
      Self.rowKernels[UInt32(first.format)] != nil
    else { return false }
    let shared = Self.rowSize(rows) * Int(first.columns) * 11 / 8
    return shared <= CUDAKernel.rowMemory
      && layers.allSatisfy { $0.weight.format == first.format && $0.weight.columns == first.columns }
  }

  /// Rows of the kernel for so many rows.
  private static func rowSize(_ rows: Int) -> Int { rows == 1 ? 1 : rows == 2 ? 2 : rows <= 4 ? 4 : 8 }

  /// Runs a product of a few rows on inputs in 8 bits; false if there is no kernel for it.
  private func runRows(
    _ call: sotto_cuda_linear, _ layers: [sotto_cuda_layer], _ selection: sotto_cuda_selection
  ) -> Bool {
    let isChosen = selection == SOTTO_CUDA_ENTRIES, tokens = Int(call.tokens)
    guard isChosen || selection == SOTTO_CUDA_ONE_MATRIX && tokens <= Self.fewRows,
      hasRowKernel(layers, rows: isChosen ? 1 : tokens), let first = layers.first?.weight,
      let kernels = Self.rowKernels[UInt32(first.format)]
    else { return false }
    let rows = Self.rowSize(isChosen ? 1 : tokens), shared = rows * Int(first.columns) * 11 / 8
    let all = layers.reduce(0) { $0 + Int($1.weight.rows) } * (isChosen ? tokens : 1)
    // All blocks run at once, four on a multiprocessor; more outputs share the rounding of the inputs.
    let wave = 8 * 4 * device.multiprocessors, each = max(1, min(8, (all + wave - 1) / wave))
    var call = call
    call.outputs_per_warp = Int32(each)
    let tiles = layers.reduce(0) { $0 + (Int($1.weight.rows) + 8 * each - 1) / (8 * each) }
    launch(
      kernels[rows.trailingZeroBitCount], call, grid: (tiles, isChosen ? tokens : 1, 1), threads: 256,
      shared: shared)
    return true
  }

  private static let rowKernels: [UInt32: [CUDAKernel]] = [
    SOTTO_CUDA_BYTES.rawValue: [.rows1Bytes, .rows2Bytes, .rows4Bytes, .rows8Bytes],
    SOTTO_CUDA_FOURS.rawValue: [.rows1Fours, .rows2Fours, .rows4Fours, .rows8Fours],
    SOTTO_CUDA_Q4_K.rawValue: [.rows1Q4K, .rows2Q4K, .rows4Q4K, .rows8Q4K],
    SOTTO_CUDA_SIXES.rawValue: [.rows1Sixes, .rows2Sixes, .rows4Sixes, .rows8Sixes],
    SOTTO_CUDA_AFFINE4.rawValue: [.rows1Affine4, .rows2Affine4, .rows4Affine4, .rows8Affine4],
  ]

  /// The inputs as float16 for kernels that take them so; nil for others.
  private func roundedInputs(_ call: inout sotto_cuda_linear, _ layers: [sotto_cuda_layer]) -> CUDABuffer? {
    let format = layers[0].weight.format, columns = Int(layers[0].weight.columns)
    guard layers.allSatisfy({ $0.weight.format == format }), let order = Self.orders[UInt32(format)],
      columns % 32 == 0, call.selection != Int32(SOTTO_CUDA_APART.rawValue)
    else { return nil }
    let isShared = call.selection == Int32(SOTTO_CUDA_SORTED.rawValue) && call.rows_per_entry > 0
    let rows = Int(call.tokens) / (isShared ? Int(call.rows_per_entry) : 1)
    let buffer = take(bytes: 2 * rows * columns)
    let rounding = sotto_cuda_halves(
      x: call.x, y: buffer.address, rows: Int32(rows), columns: Int32(columns), order: order, unused: 0)
    launch(
      .halves, rounding, grid: ((columns + 1023) / 1024, min(rows, 65_535), 1), threads: 128)
    call.halves = buffer.address
    return buffer
  }

  /// The order of columns of the formats that are multiplied in float16.
  private static let orders: [UInt32: Int32] = [
    SOTTO_CUDA_BYTES.rawValue: 1, SOTTO_CUDA_FOURS.rawValue: 4, SOTTO_CUDA_Q4_K.rawValue: 2,
    SOTTO_CUDA_SIXES.rawValue: 2, SOTTO_CUDA_AFFINE4.rawValue: 4,
  ]

  /// The kernel for the layers' format; the one for any format if they differ.
  private static func tileKernel(
    _ layers: [sotto_cuda_layer], size: Int, hasHalves: Bool
  ) -> CUDAKernel {
    let format = layers[0].weight.format
    guard layers.allSatisfy({ $0.weight.format == format }), hasHalves == (orders[UInt32(format)] != nil),
      let kernels = tileKernels[UInt32(format)]
    else { return size == 64 ? .linear64Any : .linear128Any }
    return size == 64 ? kernels.0 : kernels.1
  }

  private static let tileKernels: [UInt32: (CUDAKernel, CUDAKernel)] = [
    SOTTO_CUDA_BF16.rawValue: (.linear64BF16, .linear128BF16),
    SOTTO_CUDA_F16.rawValue: (.linear64F16, .linear128F16),
    SOTTO_CUDA_BYTES.rawValue: (.linear64Bytes, .linear128Bytes),
    SOTTO_CUDA_FOURS.rawValue: (.linear64Fours, .linear128Fours),
    SOTTO_CUDA_Q4_K.rawValue: (.linear64Q4K, .linear128Q4K),
    SOTTO_CUDA_SIXES.rawValue: (.linear64Sixes, .linear128Sixes),
    SOTTO_CUDA_Q4_1.rawValue: (.linear64Q41, .linear128Q41),
    SOTTO_CUDA_AFFINE4.rawValue: (.linear64Affine4, .linear128Affine4),
  ]
}
