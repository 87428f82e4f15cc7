import CCUDA
import Compute

// What the kernels of attention to pages have in common.
extension CUDABackend {
  /// Whether a layer's pages are in float16, of the sizes that tensor cores attend to.
  func hasHalfPages(_ layout: sotto_cuda_layout) -> Bool {
    precision == .fast && layout.format == 1 && layout.shares_values == 0
      && layout.head_size == layout.value_size && (layout.head_size == 64 || layout.head_size == 128)
  }

  /// The most pages that a tile of rows sees. Its rows see different windows, which start anywhere in a page.
  /// - Parameter tileRows: the rows of a sequence that are in a tile.
  static func seenPages(
    _ sequences: [sotto_cuda_sequence], _ window: Int?, tileRows: (sotto_cuda_sequence) -> Int = { _ in 1 }
  ) -> Int {
    let page = CUDAKeyValueCache.pagePositions
    return sequences.map { sequence in
      let held = (Int(sequence.length - sequence.origin) + page - 1) / page
      return window.map { min(held, ($0 + tileRows(sequence) - 1 + page - 2) / page + 1) } ?? held
    }.max() ?? 0
  }

  /// What all kernels of attention are told, and the memory for the results of ranges of pages, which must be kept until
  /// the kernels are launched.
  func attentionCall(
    _ query: sotto_cuda_rows, rows count: Int, y: UInt64, _ layout: sotto_cuda_layout,
    _ settings: AttentionSettings, _ sequences: [sotto_cuda_sequence], _ plan: AttentionPlan
  ) -> (call: sotto_cuda_attention, partials: CUDABuffer?) {
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
    call.query = query
    call.y = y
    call.sinks = settings.sinks.map { vector($0, count: settings.heads) } ?? 0
    call.sequence_count = Int32(sequences.count)
    Self.store(sequences, in: &call.sequences)
    guard plan.splits > 1 else { return (call, nil) }
    let numbers = count * settings.heads * plan.splits * (Int(layout.value_size) + 2)
    let partials = take(bytes: numbers * MemoryLayout<Float>.size)
    call.partials = partials.address
    return (call, partials)
  }
}
