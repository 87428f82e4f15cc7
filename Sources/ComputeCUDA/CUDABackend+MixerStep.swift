import CCUDA
import Compute

// What is between the projections of a Mamba-2 mixer, for one row of each sequence: one kernel (state_space_step.cu).
extension CUDABackend: StateSpaceStepBackend {
  /// The kernel's limits.
  private static let mostStates = 256, mostTaps = 4, columnsOfBlock = 16

  /// The convolution, the scan and the gate of a step; nil if there is no kernel for it.
  public func stateSpaceStep(
    _ step: StateSpaceStep, _ settings: StateSpaceSettings, caches: [any RecurrentCache]
  ) -> Tensor? {
    let (heads, headSize, groups) = (settings.heads, settings.headSize, settings.groups)
    let (x, taps, inner) = (step.channels, step.weight.columns, heads * headSize)
    let own = caches.compactMap { $0 as? CUDARecurrentCache }
    guard headSize % Self.columnsOfBlock == 0, settings.stateSize <= Self.mostStates,
      (2...Self.mostTaps).contains(taps), groups <= Int(Self.mostStepHeads), own.count == x.rows,
      own.count == caches.count, let counters = stepCounters()
    else { return nil }
    precondition(
      x.columns == inner + 2 * groups * settings.stateSize && step.steps.columns == heads
        && step.steps.rows == x.rows && step.gate.map { $0.rows == x.rows && $0.columns == inner } ?? true
        && step.weight.shape.dropLast().reduce(1, *) == x.columns && heads % groups == 0,
      "inputs of a step that do not fit the settings")
    let (result, y) = make(rows: x.rows, columns: inner)
    var call = sotto_cuda_mixer_step()
    let (steps, stepFactor) = step.steps.unscaled
    call.step_factor = stepFactor
    call.gate_factor = 1
    let gate = step.gate.map { gate -> sotto_cuda_rows in
      let (x, factor) = gate.unscaled
      call.gate_factor = factor
      return rows(of: x)
    }
    call.weight = matrix(step.weight)
    call.weight.rows = Int64(x.columns)
    call.bias = step.bias.map { vector($0, count: x.columns) } ?? 0
    call.log_rate = vector(settings.logRate, count: heads)
    call.step_bias = vector(settings.stepBias, count: heads)
    call.skip = settings.skip.map { vector($0, count: heads) } ?? 0
    call.counters = counters.address
    call.heads = Int32(heads)
    call.head_size = Int32(headSize)
    call.groups = Int32(groups)
    call.state_size = Int32(settings.stateSize)
    call.taps = Int32(taps)
    call.least_step = settings.stepLimits.lowerBound
    call.most_step = settings.stepLimits.upperBound
    call.advance = recording?.advance ?? 0
    let kernel: CUDAKernel =
      settings.stateSize <= 64 ? .mixerStep64 : settings.stateSize <= 128 ? .mixerStep128 : .mixerStep256
    forEachGroup(own.map { _ in 1 }) { range, start, count in
      var sequences: [sotto_cuda_sequence] = []
      var convolutions: [UInt64] = []
      for (row, cache) in own[range].enumerated() {
        precondition(
          cache.shape.stateCount == heads * settings.stateSize * headSize
            && cache.shape.convolutionCount == x.columns * (taps - 1), "a cache of another layer")
        convolutions.append(cache.writableConvolution())
        sequences.append(
          sotto_cuda_sequence(
            memory: cache.writableState(), origin: 0, length: Int32(cache.length), row: Int32(row), rows: 1))
        cache.advanceConvolution(by: 1)
        cache.advanceState(by: 1)
      }
      call.x = rows(of: x).advanced(by: start)
      if let gate { call.gate = gate.advanced(by: start) }
      call.steps = rows(of: steps).advanced(by: start)
      call.y = y + UInt64(4 * start * inner)
      call.sequence_count = Int32(count)
      Self.store(sequences, in: &call.sequences)
      withUnsafeMutableBytes(of: &call.convolutions) { target in
        convolutions.withUnsafeBytes { target.copyMemory(from: $0) }
      }
      launch(kernel, call, grid: (heads, headSize / Self.columnsOfBlock, count), threads: 128)
    }
    return result
  }
}
