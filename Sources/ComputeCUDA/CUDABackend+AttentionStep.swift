import CCUDA
import Compute

// Attention of one row of each sequence by one kernel, which also rotates, stores the new keys and values, and adds up the
// ranges of pages; see attention_step.cu.
extension CUDABackend {
  /// The kernel for steps of such a layer; nil if there is none.
  func stepKernel(_ layout: sotto_cuda_layout, _ settings: AttentionSettings) -> CUDAKernel? {
    guard precision == .fast, layout.format == 1, layout.shares_values == 0,
      layout.head_size == layout.value_size, layout.head_size == 64 || layout.head_size == 128,
      settings.heads / settings.keyValueHeads <= Self.mostStepGroup, layout.heads <= Self.mostStepHeads,
      device.sharedMemory >= CUDAKernel.stepMemory + 4096, stepCounters() != nil
    else { return nil }
    return layout.head_size == 64 ? .attentionStep64 : .attentionStep128
  }

  /// Query heads of a key-value head; as in the kernel.
  private static let mostStepGroup = 8
  /// Key-value heads for which there are counters.
  private static let mostStepHeads: Int32 = 128

  /// Zeros that the kernel counts blocks in, and leaves as zeros; nil without memory, or while a first pass is recorded.
  private func stepCounters() -> CUDABuffer? {
    if let attentionCounters { return attentionCounters }
    guard recording == nil else { return nil }
    let made = zeros(bytes: 4 * Int(SOTTO_CUDA_MOST_SEQUENCES) * Int(Self.mostStepHeads))
    guard !hasFailed else { return nil }
    attentionCounters = made
    return made
  }

  /// Attends, after storing keys and values if they are given.
  /// - Parameters:
  ///   - rotation: the pending rotation of queries and keys, if they have one.
  ///   - start: the first row of the sequences.
  func attendStep(
    _ query: Tensor, key: Tensor?, value: Tensor?, _ rotation: CUDAPendingRotation?, from start: Int,
    rows count: Int, y: UInt64, _ layout: sotto_cuda_layout, _ settings: AttentionSettings,
    _ sequences: [sotto_cuda_sequence]
  ) {
    guard let kernel = stepKernel(layout, settings), let counters = attentionCounters else { return }
    let page = CUDAKeyValueCache.pagePositions
    let pages = sequences.map { sequence in
      let held = (Int(sequence.length - sequence.origin) + page - 1) / page
      return settings.window.map { min(held, ($0 + page - 2) / page + 1) } ?? held
    }
    let plan = AttentionPlan(
      stepPages: pages.max() ?? 0, blocks: sequences.count * settings.keyValueHeads)
    var call = sotto_cuda_attention()
    call.layout = layout
    call.heads = Int32(settings.heads)
    call.window = Int32(settings.window ?? 0)
    call.rows = Int32(count)
    call.splits = Int32(plan.splits)
    call.split_pages = Int32(plan.pages)
    call.scale = settings.scale
    call.softcap = settings.softcap ?? 0
    call.advance = recording?.advance ?? 0
    call.query = rows(of: rotation?.x ?? query).advanced(by: start)
    if let key, let value {
      let unrotated = rotation == nil ? key : key.pending(CUDAPendingRotation.self)?.x ?? key
      call.key = rows(of: unrotated).advanced(by: start)
      call.value = rows(of: value).advanced(by: start)
    }
    if let rotation {
      let angles = rotation.table.frequencies.count
      call.angles = self.angles(rotation.table, rotation.positions).address + UInt64(8 * start * angles)
      call.first = Int32(rotation.table.first)
      call.count = Int32(angles)
      call.interleaved = rotation.table.interleaved ? 1 : 0
    }
    call.y = y
    call.sinks = settings.sinks.map { vector($0, count: settings.heads) } ?? 0
    call.counters = counters.address
    call.sequence_count = Int32(sequences.count)
    Self.store(sequences, in: &call.sequences)
    var partials: CUDABuffer?
    if plan.splits > 1 {
      let numbers = count * settings.heads * plan.splits * (Int(layout.value_size) + 2)
      partials = take(bytes: numbers * MemoryLayout<Float>.size)
      call.partials = partials?.address ?? 0
    }
    launch(
      kernel, call, grid: (sequences.count, settings.keyValueHeads, plan.splits), threads: 128,
      shared: CUDAKernel.stepMemory)
  }
}
