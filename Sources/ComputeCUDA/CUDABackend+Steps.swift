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
    inputs.set(tokens, advances: 0, on: self)
    // What earlier passes have computed is not part of the record, and what this one computes is overwritten.
    rotaryAngles = CUDARotaryAngles()
    recording = CUDARecording(memory: own, advance: inputs.buffer.address)
    defer {
      recording = nil
      rotaryAngles = CUDARotaryAngles()
    }
    let result = try body(inputs.tokens(on: self))
    guard let finished = recording else {
      recordsSteps = false
      return result
    }
    recording = nil
    guard let output = result.storage as? CUDABuffer, result.offset == 0, result.stride == result.columns,
      let graphs = graphs(finished)
    else {
      launchAll(finished.launches)
      return result
    }
    let step = CUDAStep(
      caches: caches, keys: keys, lengths: lengths, inputs: inputs, output: output, columns: result.columns,
      graphs: graphs, memory: own, on: self)
    step.launchGraphs(on: self)
    steps.append(step)
    return result
  }

  /// Launches what was recorded, after which operations are launched at once.
  func endRecording() {
    guard let finished = recording else { return }
    recording = nil
    launchAll(finished.launches)
  }

  private func launchAll(_ launches: [CUDARecording.Launch]) {
    for launch in launches {
      var launch = launch
      let code = launchNow(&launch)
      if code != 0 { return fail(CUDAProblem(code: code)) }
    }
  }

  private func launchNow(_ launch: inout CUDARecording.Launch) -> Int32 {
    var size = launch.size
    let handle = function(launch.kernel)
    return launch.arguments.withUnsafeMutableBytes {
      sotto_cuda_launch(context.handle, handle, &size, $0.baseAddress, stream.handle)
    }
  }

  /// The graphs of a recorded pass; nil after an error, when the kernels can still be launched one by one.
  private func graphs(_ recording: CUDARecording) -> [OpaquePointer]? {
    let launches = recording.launches
    let parts = [launches.prefix(firstStepKernels), launches.dropFirst(firstStepKernels)]
    var graphs: [OpaquePointer] = []
    for part in parts where !part.isEmpty {
      guard let graph = captured(Array(part)) else {
        for graph in graphs { _ = sotto_cuda_destroy_graph(context.handle, graph) }
        return nil
      }
      graphs.append(graph)
    }
    return graphs
  }

  private func captured(_ launches: [CUDARecording.Launch]) -> OpaquePointer? {
    guard sotto_cuda_begin_capture(context.handle, stream.handle) == 0 else { return nil }
    var isComplete = true
    for launch in launches {
      var launch = launch
      if launchNow(&launch) != 0 {
        isComplete = false
        break
      }
    }
    var graph: OpaquePointer?
    let code = sotto_cuda_end_capture(context.handle, stream.handle, &graph)
    if isComplete, code == 0 { return graph }
    if let graph { _ = sotto_cuda_destroy_graph(context.handle, graph) }
    return nil
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
