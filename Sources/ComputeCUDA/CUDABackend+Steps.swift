import CCUDA
import Compute

extension CUDABackend: RepeatingBackend {
  /// Rows up to which passes are recorded: the memory of a recorded pass is not shared with others.
  private static let mostStepRows = 32
  /// Recorded steps that are kept.
  private static let mostSteps = 4

  /// A pass of one token for each of some sequences. The first is computed as it is, the second is recorded, and those
  /// that follow repeat the record as long as the caches allow it.
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
    // Not worth a record if the next step already differs.
    guard candidate.isOf(own, keys) else {
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

  /// Records a pass while it is computed, unless it contains more than kernels.
  private func recorded(
    _ tokens: Tokens, _ caches: [any CUDALayerCache], _ keys: [CUDAStep.Key], _ lengths: [Int],
    _ body: (Tokens) throws -> Tensor
  ) throws -> Tensor {
    steps.removeAll(where: \.isStale)
    if steps.count >= Self.mostSteps { steps.removeFirst() }
    let inputs = try CUDAStepInputs(count: tokens.count, memory),
      own = spareStepMemory ?? DeviceMemory(context)
    spareStepMemory = nil
    inputs.set(tokens, advances: 0, areSingle: true, on: self)
    // What earlier passes have computed is not part of the record, and what this one computes is overwritten.
    rotaryAngles = CUDARotaryAngles()
    recording = CUDARecording(memory: own, advance: inputs.buffer.address)
    defer {
      recording = nil
      rotaryAngles = CUDARotaryAngles()
    }
    let result = computed(try body(inputs.tokens(on: self)))
    guard let finished = recording else {
      recordsSteps = false
      return result
    }
    recording = nil
    launchAll(finished.launches)
    guard let output = result.storage as? CUDABuffer, result.offset == 0, result.stride == result.columns
    else { return result }
    let graphs = CUDAGraphs(finished.launches, first: firstStepKernels, context)
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

  /// Launches what was recorded, after which operations are launched at once.
  func endRecording() {
    guard let finished = recording else { return }
    recording = nil
    launchAll(finished.launches)
  }

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
