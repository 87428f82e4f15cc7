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
      // Other ids in each step.
      endRecording()
      decodeRows(table, ids: 0, few: ids, count: ids.count, scale: scale, into: y, columns)
    case .host(let ids):
      let copy = copied(ids)
      decodeRows(table, ids: copy.address, few: [], count: ids.count, scale: scale, into: y, columns)
    case .device(let object):
      guard let tokens = object as? CUDATokens else { preconditionFailure("tokens of another backend") }
      decodeRows(table, ids: tokens.address, few: [], count: result.rows, scale: scale, into: y, columns)
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
    precondition(layers.allSatisfy { $0.weight.columns == x.columns }, "inputs are not \(x.columns) wide")
    // May be a gate and what it gates, or multiplied by a factor.
    if residual == nil, x.rows == 1, precision == .fast {
      let product = CUDAPendingProduct(x, layers)
      return Tensor(rows: 1, columns: product.outputs, storage: product)
    }
    return product(x, layers, adding: residual)
  }

  /// The product of linear layers by itself, times a factor, plus `residual`.
  func product(_ x: Tensor, _ layers: [Linear], adding residual: Tensor?, factor: Float = 1) -> Tensor {
    let outputs = layers.reduce(0) { $0 + $1.outputs }
    precondition(
      residual.map { $0.rows == x.rows && $0.columns == outputs } ?? true, "a residual of another size")
    let described = described(layers)
    guard factor == 1 || x.rows == 1 && precision == .fast && hasRow(described) else {
      let result = product(x, layers, adding: nil)
      return residual.map { sum($0, result, scale: factor) } ?? multiplied(result, by: factor)
    }
    let (result, y) = make(rows: x.rows, columns: outputs)
    var call = Self.linearCall()
    call.factor = factor
    let rowCount = x.rows, parts = Self.parts(described)
    let hasPanels = parts.allSatisfy { self.hasPanels($0, rows: rowCount) }
    if !hasPanels {
      setInputs(
        &call, x,
        rowsOnly: rowCount <= Self.fewRows && parts.allSatisfy { normalises($0, rows: rowCount) })
    }
    call.residual = rows(of: residual)
    call.y = y
    call.y_stride = Int64(outputs)
    call.tokens = Int32(x.rows)
    call.selection = Int32(SOTTO_CUDA_ONE_MATRIX.rawValue)
    call.matrices = 1
    guard hasPanels else {
      multiply(&call, described)
      return result
    }
    for some in parts {
      Self.set(&call, some)
      runPanels(call, some, x)
    }
    return result
  }

  /// The arguments of a product without factors.
  static func linearCall() -> sotto_cuda_linear {
    var call = sotto_cuda_linear()
    (call.norm_factor, call.factor, call.gate_factor) = (1, 1, 1)
    return call
  }

  /// The layers for the kernels, side by side.
  func described(_ layers: [Linear]) -> [sotto_cuda_layer] {
    var first = 0
    return layers.map { layer in
      defer { first += layer.outputs }
      return sotto_cuda_layer(
        weight: matrix(layer.weight), bias: layer.bias.map { vector($0, count: layer.outputs) } ?? 0,
        first: Int64(first))
    }
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
    var call = Self.linearCall()
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

  /// Layers that one kernel computes: neighbours of one format, as many as a kernel takes.
  static func parts(_ layers: [sotto_cuda_layer]) -> [[sotto_cuda_layer]] {
    var parts: [[sotto_cuda_layer]] = []
    for layer in layers {
      if let last = parts.last, last[0].weight.format == layer.weight.format,
        last.count < Int(SOTTO_CUDA_MOST_LAYERS)
      {
        parts[parts.count - 1].append(layer)
      } else {
        parts.append([layer])
      }
    }
    return parts
  }

  /// Runs a product over its layers.
  func multiply(_ call: inout sotto_cuda_linear, _ layers: [sotto_cuda_layer]) {
    guard call.tokens > 0 else { return }
    for some in Self.parts(layers) {
      Self.set(&call, some)
      run(call, some)
    }
  }

  /// Sets the layers of a product that one kernel computes.
  static func set(_ call: inout sotto_cuda_linear, _ layers: [sotto_cuda_layer]) {
    call.layer_count = Int32(layers.count)
    call.outputs = layers.reduce(0) { $0 + $1.weight.rows }
    withUnsafeMutableBytes(of: &call.layers) { target in
      layers.withUnsafeBytes { target.copyMemory(from: $0) }
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
    if runGroups(call, layers, selection) { return }
    let perMatrix = selection == SOTTO_CUDA_SORTED ? tokens / matrices : tokens
    let size = perMatrix > 96 && tiles(128) * rowTiles(128) >= device.multiprocessors ? 128 : 64
    var call = call
    let halves = roundedInputs(&call, layers)
    launch(
      Self.tileKernel(layers, size: size, hasHalves: halves != nil), call,
      grid: (tiles(128), rowTiles(size), 1), threads: 256,
      shared: halves == nil ? 0 : CUDAKernel.tileMemory(size))
  }

  /// Runs a product of many rows by warpgroups; false if there is no kernel for it.
  private func runGroups(
    _ call: sotto_cuda_linear, _ layers: [sotto_cuda_layer], _ selection: sotto_cuda_selection
  ) -> Bool {
    let isSorted = selection == SOTTO_CUDA_SORTED
    guard device.hasWarpgroups, selection != SOTTO_CUDA_APART,
      let format = layers.first.map({ UInt32($0.weight.format) }), let kernel = Self.groupKernels[format],
      let order = Self.orders[format], let first = layers.first?.weight, first.columns % 32 == 0,
      layers.allSatisfy({ $0.weight.format == first.format && $0.weight.columns == first.columns })
    else { return false }
    var call = call
    let plan = GroupPlan(
      rows: Int(call.tokens), isSorted: isSorted, outputs: layers.map { Int($0.weight.rows) },
      blocks: device.multiprocessors)
    let columns = Int(first.columns)
    let buffer = take(bytes: GroupPlan.inputBytes(places: Int(call.tokens), columns: columns))
    defer { withExtendedLifetime(buffer) {} }
    var inputs = sotto_cuda_permuted()
    inputs.x = call.x
    inputs.y = buffer.address
    if isSorted {
      (inputs.order, inputs.experts, inputs.starts) = (call.order, call.experts, call.starts)
      inputs.rows_per_entry = call.rows_per_entry
    }
    inputs.places = call.tokens
    inputs.columns = Int32(columns)
    inputs.order_of_columns = order
    launch(
      .permuted, inputs, grid: ((columns + 127 + 1023) / 1024, min(Int(call.tokens), 65_535), 1), threads: 128
    )
    call.halves = buffer.address
    call.most_rows = Int32(plan.rows)
    launch(
      kernel, call, grid: (device.multiprocessors, 1, 1), threads: GroupPlan.threads,
      shared: GroupPlan.sharedBytes)
    return true
  }

  private static let groupKernels: [UInt32: CUDAKernel] = [
    SOTTO_CUDA_BYTES.rawValue: .groupsBytes, SOTTO_CUDA_FOURS.rawValue: .groupsFours,
    SOTTO_CUDA_SUPERFOURS.rawValue: .groupsSuperfours, SOTTO_CUDA_SIXES.rawValue: .groupsSixes,
    SOTTO_CUDA_AFFINE4.rawValue: .groupsAffine4,
  ]

  /// The inputs as float16 for kernels that take them so; nil for others.
  private func roundedInputs(
    _ call: inout sotto_cuda_linear, _ layers: [sotto_cuda_layer]
  ) -> CUDABuffer? {
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
    SOTTO_CUDA_BYTES.rawValue: 1, SOTTO_CUDA_FOURS.rawValue: 4, SOTTO_CUDA_SUPERFOURS.rawValue: 2,
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
    SOTTO_CUDA_SUPERFOURS.rawValue: (.linear64Superfours, .linear128Superfours),
    SOTTO_CUDA_SIXES.rawValue: (.linear64Sixes, .linear128Sixes),
    SOTTO_CUDA_AFFINE4.rawValue: (.linear64Affine4, .linear128Affine4),
  ]
}
