import CCUDA
import Compute

// Attention of one row of each sequence by one kernel, which also rotates, stores the new keys and values, and adds up the
// ranges of pages; see attention_step.cu.
extension CUDABackend {
  /// How attention of a step is computed: a kernel, and its warps, each of which has a page at a time.
  struct AttentionStep {
    let kernel: CUDAKernel
    let warps: Int
    let shared: Int
  }

  /// The kernel for steps of such a layer; nil if there is none.
  func stepKernel(
    _ layout: sotto_cuda_layout, _ settings: AttentionSettings, sequences count: Int
  ) -> AttentionStep? {
    guard hasHalfPages(layout), settings.heads / settings.keyValueHeads <= Self.mostStepGroup,
      layout.heads <= Self.mostStepHeads,
      device.sharedMemory >= CUDAKernel.stepMemory + 4096, stepCounters() != nil
    else { return nil }
    // A multiprocessor has one block; with more blocks, smaller ones or other kernels are faster.
    let blocks = count * Int(layout.heads), isNarrow = layout.head_size == 64, all = CUDAKernel.stepMemory
    if blocks <= device.multiprocessors {
      return AttentionStep(
        kernel: isNarrow ? .attentionStep64 : .attentionStep128, warps: isNarrow ? 8 : 4, shared: all)
    }
    guard isNarrow, blocks <= 3 * device.multiprocessors else { return nil }
    return AttentionStep(kernel: .attentionSteps64, warps: 4, shared: all / 2)
  }

  /// Query heads of a key-value head; as in the kernel.
  private static let mostStepGroup = 8
  /// Key-value heads for which there are counters.
  static let mostStepHeads: Int32 = 128

  /// Zeros that the kernel counts blocks in, and leaves as zeros; nil without memory, or while a first pass is recorded.
  func stepCounters() -> CUDABuffer? {
    if let attentionCounters { return attentionCounters }
    guard recording == nil else { return nil }
    let made = zeros(bytes: 4 * Int(SOTTO_CUDA_MOST_SEQUENCES) * Int(Self.mostStepHeads))
    guard !hasFailed else { return nil }
    attentionCounters = made
    return made
  }

  /// Attends, after storing keys and values if they are given.
  /// - Parameters:
  ///   - step: that of `stepKernel`.
  ///   - rotation: the pending rotation of queries and keys, if they have one.
  ///   - start: the first row of the sequences.
  func attendStep(
    _ step: AttentionStep, _ query: Tensor, key: Tensor?, value: Tensor?, _ rotation: CUDAPendingRotation?,
    from start: Int,
    rows count: Int, y: UInt64, _ layout: sotto_cuda_layout, _ settings: AttentionSettings,
    _ sequences: [sotto_cuda_sequence]
  ) {
    let plan = AttentionPlan(
      stepPages: Self.seenPages(sequences, settings.window),
      blocks: sequences.count * settings.keyValueHeads, warps: step.warps)
    let unrotated = (
      query: rotation?.x ?? query,
      key: rotation == nil ? key : key.map { $0.pending(CUDAPendingRotation.self)?.x ?? $0 }
    )
    let norms = headNorms(unrotated.query, unrotated.key, layout)
    var (call, partials) = attentionCall(
      rows(of: norms?.query.x ?? unrotated.query).advanced(by: start), rows: count, y: y, layout, settings,
      sequences, plan)
    defer { withExtendedLifetime(partials) {} }
    if let key = unrotated.key, let value {
      call.key = rows(of: norms?.key.x ?? key).advanced(by: start)
      call.value = rows(of: value).advanced(by: start)
    }
    if let norms {
      let size = Int(layout.head_size)
      call.normalises = 1
      call.epsilon = norms.query.epsilon
      call.offset = norms.query.offset
      call.query_weight = norms.query.weight.map { vector($0, count: size) } ?? 0
      call.key_weight = norms.key.weight.map { vector($0, count: size) } ?? 0
    }
    if let rotation {
      let angles = rotation.table.frequencies.count
      call.angles = self.angles(rotation.table, rotation.positions).address + UInt64(8 * start * angles)
      call.first = Int32(rotation.table.first)
      call.count = Int32(angles)
      call.interleaved = rotation.table.interleaved ? 1 : 0
    }
    call.counters = attentionCounters?.address ?? 0
    launch(
      step.kernel, call, grid: (sequences.count, settings.keyValueHeads, plan.splits),
      threads: 32 * step.warps, shared: step.shared)
  }

  /// The pending norms of the heads of queries and keys, if the kernel can compute both.
  private func headNorms(
    _ query: Tensor, _ key: Tensor?, _ layout: sotto_cuda_layout
  ) -> (query: CUDAPendingNorm, key: CUDAPendingNorm)? {
    guard let queries = query.pending(CUDAPendingNorm.self), let keys = key?.pending(CUDAPendingNorm.self),
      queries.groupSize == Int(layout.head_size), keys.groupSize == queries.groupSize, !queries.isMade,
      !keys.isMade, queries.epsilon == keys.epsilon, queries.offset == keys.offset,
      queries.factor == 1, keys.factor == 1
    else { return nil }
    return (queries, keys)
  }
}
