import CCUDA
import Compute

// Products of a few rows. On devices with bulk copies, weights are streamed through shared memory, which serves up to eight
// rows in one pass, and a mixture's entries; one row of most formats is faster by plain loads. For more rows of one matrix, see
// CUDABackend+Panels.swift.
extension CUDABackend {
  /// Tokens up to which the products of a mixture are streamed; of one matrix, up to `fewRows`.
  static let mostStreamedTokens = 32
  /// Entries of a mixture up to which its products are streamed; as in the kernel.
  static let mostStreamedEntries = 256

  /// Sets the inputs of a product; a pending norm is left to the product if it is one of a few rows.
  func setInputs(_ call: inout sotto_cuda_linear, _ x: Tensor, rowsOnly: Bool) {
    guard rowsOnly, let norm = x.pending(CUDAPendingNorm.self), norm.groupSize == x.columns, !norm.isMade
    else {
      call.x = rows(of: x)
      return
    }
    call.x = rows(of: norm.x)
    call.normalises = 1
    call.epsilon = norm.epsilon
    call.offset = norm.offset
    call.norm_factor = norm.factor
    call.norm_weight = norm.weight.map { vector($0, count: x.columns) } ?? 0
  }

  /// Whether products of so few rows normalise their inputs.
  /// - Parameter entries: of a mixture for so many tokens; nil for one matrix.
  func normalises(_ layers: [sotto_cuda_layer], rows: Int, entries: Int? = nil) -> Bool {
    streamPlan(layers, rows: rows, entries: entries) != nil
      || hasRowKernel(layers, rows: entries == nil ? rows : 1)
  }

  /// How a product of a few rows is streamed; nil if it is not.
  /// - Parameters:
  ///   - rows: rows of x; tokens of a mixture.
  ///   - entries: of a mixture; nil for one matrix.
  func streamPlan(_ layers: [sotto_cuda_layer], rows: Int, entries: Int?) -> StreamPlan? {
    guard precision == .fast, device.streams,
      (1...(entries == nil ? Self.fewRows : Self.mostStreamedTokens)).contains(rows),
      entries ?? 0 <= Self.mostStreamedEntries, let first = layers.first?.weight, first.columns % 64 == 0,
      Self.streamKernels[UInt32(first.format)] != nil, first.matrices <= Int64(Int16.max),
      layers.allSatisfy({ $0.weight.format == first.format && $0.weight.columns == first.columns }),
      rows > 1 || !hasRowKernel(layers, rows: 1)
    else { return nil }
    // The kernel forms groups of up to eight entries of an expert.
    return StreamPlan(
      rowBytes: (Int(first.value_bytes), Int(first.scale_bytes), Int(first.bias_bytes)),
      columns: Int(first.columns), rows: min(rows, Self.fewRows),
      outputs: layers.reduce(0) { $0 + Int($1.weight.rows) } * (entries ?? 1),
      blocks: device.multiprocessors, warps: entries == nil ? 16 : 8)
  }

  /// Whether there are products of a few rows on inputs in 8 bits for the layers' format.
  func hasRowKernel(_ layers: [sotto_cuda_layer], rows: Int) -> Bool {
    guard precision == .fast, rows <= Self.fewRows, let first = layers.first?.weight, first.columns % 32 == 0,
      Self.rowKernels[UInt32(first.format)] != nil
    else { return false }
    let shared = Self.rowSize(rows) * Int(first.columns) * 11 / 8
    return shared <= CUDAKernel.rowMemory
      && layers.allSatisfy { $0.weight.format == first.format && $0.weight.columns == first.columns }
  }

  /// Rows of the kernel for so many rows.
  private static func rowSize(_ rows: Int) -> Int { rows == 1 ? 1 : rows == 2 ? 2 : rows <= 4 ? 4 : 8 }

  /// Runs a product of a few rows; false if there is no kernel for it.
  func runRows(
    _ call: sotto_cuda_linear, _ layers: [sotto_cuda_layer], _ selection: sotto_cuda_selection
  ) -> Bool {
    let isChosen = selection == SOTTO_CUDA_ENTRIES
    guard isChosen || selection == SOTTO_CUDA_ONE_MATRIX else { return false }
    let tokens = Int(call.tokens)
    if let plan = streamPlan(
      layers, rows: isChosen ? Int(call.most_rows) : tokens, entries: isChosen ? tokens : nil)
    {
      runStreamed(call, layers, plan, isChosen: isChosen)
      return true
    }
    if !isChosen, tokens == 1, hasRow(layers) {
      runRow(call, .plain)
      return true
    }
    guard hasRowKernel(layers, rows: isChosen ? 1 : tokens), let first = layers.first?.weight,
      let kernels = Self.rowKernels[UInt32(first.format)]
    else { return false }
    let size = Self.rowSize(isChosen ? 1 : tokens), shared = size * Int(first.columns) * 11 / 8
    let all = layers.reduce(0) { $0 + Int($1.weight.rows) } * (isChosen ? tokens : 1)
    // All blocks run at once, four on a multiprocessor; more outputs share the rounding of the inputs.
    let wave = 8 * 4 * device.multiprocessors, each = max(1, min(8, (all + wave - 1) / wave))
    var call = call
    call.outputs_per_warp = Int32(each)
    let tiles = layers.reduce(0) { $0 + (Int($1.weight.rows) + 8 * each - 1) / (8 * each) }
    launch(
      kernels[size.trailingZeroBitCount], call, grid: (tiles, isChosen ? tokens : 1, 1), threads: 256,
      shared: shared)
    return true
  }

  private static let rowKernels: [UInt32: [CUDAKernel]] = [
    SOTTO_CUDA_BYTES.rawValue: [.rows1Bytes, .rows2Bytes, .rows4Bytes, .rows8Bytes],
    SOTTO_CUDA_FOURS.rawValue: [.rows1Fours, .rows2Fours, .rows4Fours, .rows8Fours],
    SOTTO_CUDA_SUPERFOURS.rawValue: [.rows1Superfours, .rows2Superfours, .rows4Superfours, .rows8Superfours],
    SOTTO_CUDA_SIXES.rawValue: [.rows1Sixes, .rows2Sixes, .rows4Sixes, .rows8Sixes],
    SOTTO_CUDA_AFFINE4.rawValue: [.rows1Affine4, .rows2Affine4, .rows4Affine4, .rows8Affine4],
  ]

  private func runStreamed(
    _ call: sotto_cuda_linear, _ layers: [sotto_cuda_layer], _ plan: StreamPlan, isChosen: Bool
  ) {
    guard let kernels = Self.streamKernels[UInt32(layers[0].weight.format)] else { return }
    let tokens = Int(call.tokens)
    var call = call
    call.stages = Int32(plan.stages)
    call.stage_rows = Int32(plan.stageRows)
    call.stage_bytes = Int32(plan.stageBytes)
    call.scales_at = Int32(plan.scalesAt)
    call.biases_at = Int32(plan.biasesAt)
    call.input_bytes = Int32(plan.inputBytes)
    call.most_rows = Int32(min(isChosen ? Int(call.most_rows) : tokens, Self.fewRows))
    launch(
      isChosen ? kernels.entries : kernels.plain, call, grid: (device.multiprocessors, 1, 1), threads: 608,
      shared: plan.sharedBytes)
  }

  private static let streamKernels: [UInt32: (plain: CUDAKernel, entries: CUDAKernel)] = [
    SOTTO_CUDA_BYTES.rawValue: (.streamBytes, .streamEntriesBytes),
    SOTTO_CUDA_FOURS.rawValue: (.streamFours, .streamEntriesFours),
    SOTTO_CUDA_SUPERFOURS.rawValue: (.streamSuperfours, .streamEntriesSuperfours),
    SOTTO_CUDA_SIXES.rawValue: (.streamSixes, .streamEntriesSixes),
    SOTTO_CUDA_AFFINE4.rawValue: (.streamAffine4, .streamEntriesAffine4),
    SOTTO_CUDA_BF16.rawValue: (.streamBF16, .streamEntriesBF16),
    SOTTO_CUDA_F16.rawValue: (.streamF16, .streamEntriesF16),
  ]
}
