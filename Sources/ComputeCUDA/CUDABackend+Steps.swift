import CCUDA
import Compute

extension CUDABackend: RepeatingBackend {
  /// Rows up to which passes are recorded: the memory of a recorded pass is not shared with others.
  private static let mostStepRows = 32
  /// Recorded steps that are kept.
  private static let mostSteps = 4

  /// A pass of one token for each of some sequences. The first (of several sequences, the second) is recorded while it is
  /// computed, and those that follow repeat the record as long as the caches allow it.
  public func step(
    _ tokens: Tokens, caches: [any LayerCache], _ body: (Tokens) throws -> Tensor
  ) throws -> Tensor {
    guard !hasFailed, profile == nil, recording == nil, recordsSteps, tokens.count <= Self.mostStepRows,
      let own = Self.own(caches)
    else { return try body(tokens) }
    let lengths = own.map(\.length)
    var keys: [CUDAStep.Key] = []
    keys.reserveCapacity(own.count)
    for cache in own {
      guard let key = cache.prepareStep() else { return try body(tokens) }
      keys.append(key)
    }
    guard !hasFailed else { return try body(tokens) }
    if let index = steps.firstIndex(where: { $0.isOf(own) }) {
      let step = steps.remove(at: index)
      if let advance = step.advance(keys, lengths: lengths) {
        steps.append(step)
        let result = step.launch(tokens, advances: advance, on: self)
        for cache in own { cache.advanceStep() }
        return result
      }
      spareStepMemory = step.memory
    }
    // Requests together are not worth a record if the next step already differs.
    guard tokens.count == 1 || candidate.isOf(own, keys) else {
      candidate = CUDAStepCandidate(own, keys)
      return try body(tokens)
    }
    return try recorded(tokens, own, keys, lengths, body)
  }

  private static func own(_ caches: [any LayerCache]) -> [any CUDALayerCache]? {
    var own: [any CUDALayerCache] = []
    own.reserveCapacity(caches.count)
    for cache in caches {
      guard let cache = cache as? any CUDALayerCache else { return nil }
      own.append(cache)
    }
    return own
  }

  /// Passes with more than kernels after which none is recorded: the first may copy parameters.
  private static let mostFailedRecords = 3

  /// Records a pass while it is computed, unless it contains more than kernels.
  private func recorded(
    _ tokens: Tokens, _ caches: [any CUDALayerCache], _ keys: [CUDAStep.Key], _ lengths: [Int],
    _ body: (Tokens) throws -> Tensor
  ) throws -> Tensor {
    // Memory of a record that goes serves the next one: to allocate it takes longer than the pass.
    for index in steps.indices.reversed() where steps[index].isStale {
      spareStepMemory = steps.remove(at: index).memory
    }
    if steps.count >= Self.mostSteps { spareStepMemory = steps.removeFirst().memory }
    let inputs = try CUDAStepInputs(count: tokens.count, memory),
      own = spareStepMemory ?? DeviceMemory(context)
    spareStepMemory = nil
    inputs.set(tokens, advances: 0, areSingle: true, on: self)
    _ = stepCounters()
    // What earlier passes have computed is not part of the record, and what this one computes is overwritten.
    rotaryAngles = CUDARotaryAngles()
    recording = CUDARecording(memory: own, advance: inputs.buffer.address)
    defer {
      recording = nil
      rotaryAngles = CUDARotaryAngles()
    }
    let result = computed(try body(inputs.tokens(on: self)))
    guard let finished = recording else {
      failedRecords += 1
      recordsSteps = failedRecords < Self.mostFailedRecords
      return result
    }
    failedRecords = 0
    recording = nil
    guard let output = result.storage as? CUDABuffer, result.offset == 0, result.stride == result.columns
    else { return result }
    let graphs = CUDAGraphs(finished.launches, first: firstStepKernels, context)
    graphs.start()
    steps.append(
      CUDAStep(
        caches: caches, keys: keys, lengths: lengths, inputs: inputs, output: output,
        columns: result.columns, graphs: graphs, memory: own, on: self))
    return result
  }

  /// The tensor, computed if that is pending.
  private func computed(_ x: Tensor) -> Tensor {
    guard let pending = x.storage as? CUDAPending else { return x }
    return Tensor(
      rows: x.rows, columns: x.columns, storage: pending.buffer(on: self), offset: x.offset, stride: x.stride)
  }

  /// Gives up a record.
  func endRecording() { recording = nil }

  /// Enqueues kernels one by one.
  func launchAll(_ launches: [CUDAGraphs.Launch]) {
    for launch in launches {
      let code = launch.enqueue(stream.handle, context)
      if code != 0 { return fail(CUDAProblem(code: code)) }
    }
  }
}

/// The last pass that could have been recorded.
struct CUDAStepCandidate {
  private struct WeakCache { weak var cache: (any CUDALayerCache)? }
  private let caches: [WeakCache]
  private let keys: [CUDAStep.Key]

  init(_ caches: [any CUDALayerCache], _ keys: [CUDAStep.Key]) {
    self.caches = caches.map { WeakCache(cache: $0) }
    self.keys = keys
  }

  func isOf(_ others: [any CUDALayerCache], _ now: [CUDAStep.Key]) -> Bool {
    keys == now && caches.count == others.count && zip(caches, others).allSatisfy { $0.cache === $1 }
  }
}
