import CCUDA
import Compute

extension CUDABackend {
  /// The selective scan of a state space with one decay per head.
  public func stateSpaceScan(
    _ x: Tensor, b: Tensor, c: Tensor, steps: Tensor, _ settings: StateSpaceSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    precondition(
      [b, c, steps].allSatisfy { $0.rows == x.rows } && x.columns == settings.heads * settings.headSize
        && b.columns == settings.groups * settings.stateSize && c.columns == b.columns
        && steps.columns == settings.heads && settings.heads % settings.groups == 0,
      "inputs of a scan that do not fit the settings")
    let (result, y) = make(rows: x.rows, columns: x.columns)
    // Eight threads share a column's states.
    let states = (settings.stateSize + 7) / 8
    guard states <= 32 else {
      fail(.unsupported("a state of \(settings.stateSize) numbers"))
      return result
    }
    let kernel: CUDAKernel = states <= 8 ? .stateSpace8 : states <= 16 ? .stateSpace16 : .stateSpace32
    var call = sotto_cuda_state_space()
    call.log_rate = vector(settings.logRate, count: settings.heads)
    call.step_bias = vector(settings.stepBias, count: settings.heads)
    call.skip = settings.skip.map { vector($0, count: settings.heads) } ?? 0
    call.heads = Int32(settings.heads)
    call.head_size = Int32(settings.headSize)
    call.groups = Int32(settings.groups)
    call.state_size = Int32(settings.stateSize)
    call.least_step = settings.stepLimits.lowerBound
    call.most_step = settings.stepLimits.upperBound
    let numbers = settings.heads * settings.stateSize * settings.headSize
    forEachSequence(x, caches, counts, numbers: numbers, .state) { start, sequences in
      call.x = rows(of: x).advanced(by: start)
      call.b = rows(of: b).advanced(by: start)
      call.c = rows(of: c).advanced(by: start)
      call.steps = rows(of: steps).advanced(by: start)
      call.y = y + UInt64(4 * start * x.columns)
      call.sequence_count = Int32(sequences.count)
      Self.store(sequences, in: &call.sequences)
      let longest = sequences.reduce(0) { max($0, Int($1.rows)) }
      let tiles: CUDAKernel =
        states <= 8 ? .stateSpaceTiles64 : states <= 16 ? .stateSpaceTiles128 : .stateSpaceTiles256
      let memory = CUDAKernel.scanMemory[tiles] ?? 0
      if precision == .fast, longest > Self.fewTiledRows, device.sharedMemory >= memory {
        launch(
          tiles, call, grid: (settings.heads, (settings.headSize + 63) / 64, sequences.count), threads: 256,
          shared: memory)
      } else if longest > Self.fewScannedRows {
        scanChunks(call, longest: longest, numbers: numbers)
      } else {
        launch(
          kernel, call, grid: (settings.heads, (settings.headSize + 15) / 16, sequences.count), threads: 128)
      }
    }
    return result
  }

  /// Rows up to which sequences are scanned token by token in `fast`.
  private static let fewTiledRows = 8
  /// Rows up to which sequences are scanned token by token in `exact`.
  private static let fewScannedRows = 64

  /// The scan of long sequences, in chunks side by side.
  private func scanChunks(_ call: sotto_cuda_state_space, longest: Int, numbers: Int) {
    var call = call
    // At most 16 chunks, whose states are in memory.
    let rows = max(Self.fewScannedRows, ((longest + 15) / 16 + 15) / 16 * 16)
    let chunks = (longest + rows - 1) / rows, sequences = Int(call.sequence_count)
    let (heads, headSize) = (Int(call.heads), Int(call.head_size))
    let states = take(bytes: 4 * sequences * chunks * numbers)
    let decays = take(bytes: 4 * sequences * chunks * heads)
    defer { withExtendedLifetime((states, decays)) {} }
    call.chunk_states = states.address
    call.chunk_decays = decays.address
    call.chunks = Int32(chunks)
    call.chunk_rows = Int32(rows)
    let each = (Int(call.state_size) + 7) / 8, columns = each <= 16 ? 64 : 32
    let kernels: (end: CUDAKernel, chunk: CUDAKernel) =
      each <= 8
      ? (.stateSpaceEnd8, .stateSpaceChunk8)
      : each <= 16 ? (.stateSpaceEnd16, .stateSpaceChunk16) : (.stateSpaceEnd32, .stateSpaceChunk32)
    let grid = (heads * chunks, (headSize + columns - 1) / columns, sequences)
    launch(kernels.end, call, grid: grid, threads: 128)
    launch(.stateSpaceCarry, call, grid: ((numbers + 255) / 256, sequences, 1), threads: 256)
    launch(kernels.chunk, call, grid: grid, threads: 128)
  }

  /// The selective scan of a state space with a decay per channel and state.
  public func selectiveScan(
    _ x: Tensor, b: Tensor, c: Tensor, steps: Tensor, _ settings: SelectiveScanSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    let (channels, states) = (settings.channels, settings.stateSize)
    precondition(
      [b, c, steps].allSatisfy { $0.rows == x.rows } && x.columns == channels && steps.columns == channels
        && b.columns == states && c.columns == states && settings.rate.shape == [channels, states],
      "inputs of a scan that do not fit the settings")
    let (result, y) = make(rows: x.rows, columns: channels)
    var call = sotto_cuda_selective_scan()
    call.rate = matrix(settings.rate)
    call.skip = settings.skip.map { vector($0, count: channels) } ?? 0
    call.channels = Int32(channels)
    call.state_size = Int32(states)
    forEachSequence(x, caches, counts, numbers: channels * states, .state) { start, sequences in
      call.x = rows(of: x).advanced(by: start)
      call.b = rows(of: b).advanced(by: start)
      call.c = rows(of: c).advanced(by: start)
      call.steps = rows(of: steps).advanced(by: start)
      call.y = y + UInt64(4 * start * channels)
      call.sequence_count = Int32(sequences.count)
      Self.store(sequences, in: &call.sequences)
      launch(.selectiveScan, call, grid: ((channels + 63) / 64, sequences.count, 1), threads: 64)
    }
    return result
  }

  /// The real-gated linear recurrent unit.
  public func realGatedRecurrence(
    _ x: Tensor, _ settings: RealGatedRecurrenceSettings, caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    let columns = settings.heads * settings.columns, numbers = columns * settings.columns
    precondition(x.columns == columns, "inputs of a recurrence that do not fit the settings")
    let (result, y) = make(rows: x.rows, columns: columns)
    let gates = take(bytes: 8 * x.rows * columns)
    var call = sotto_cuda_rg_lru()
    call.input_weight = vector(settings.input.weight, count: numbers)
    call.gate_weight = vector(settings.recurrence.weight, count: numbers)
    call.input_bias = vector(settings.input.bias, count: columns)
    call.gate_bias = vector(settings.recurrence.bias, count: columns)
    call.rate = vector(settings.rate, count: columns)
    call.heads = Int32(settings.heads)
    call.block = Int32(settings.columns)
    forEachSequence(x, caches, counts, numbers: columns, .state) { start, sequences in
      let count = sequences.reduce(0) { $0 + Int($1.rows) }
      call.x = rows(of: x).advanced(by: start)
      call.y = y + UInt64(4 * start * columns)
      call.gates = gates.address + UInt64(8 * start * columns)
      call.rows = Int32(count)
      call.sequence_count = Int32(sequences.count)
      Self.store(sequences, in: &call.sequences)
      launch(.rgLRUGates, call, grid: ((columns + 127) / 128, count, 1), threads: 128)
      launch(.rgLRU, call, grid: ((columns + 127) / 128, sequences.count, 1), threads: 128)
    }
    return result
  }
}
