import CCUDA
import Compute

extension CUDABackend {
  /// An empty cache of an attention layer, in the backend's cache format.
  public func keyValueCache(
    heads: Int, headSize: Int, window: Int?, sharedValues: Int?
  ) -> any KeyValueCache {
    CUDAKeyValueCache(
      self, heads: heads, headSize: headSize, window: window, sharedValues: sharedValues, format: cacheFormat)
  }

  /// The widest value head: four columns for each of 128 threads.
  private static let mostValues = 512
  /// The most query heads of a key-value head that a block of threads computes.
  private static let tileHeads = 8

  /// Appends key and value rows to the caches, if given, and computes causal attention over their content.
  /// - Returns: [rows, heads * valueHeadSize].
  public func attention(
    query: Tensor, key: Tensor?, value: Tensor?, caches: [any KeyValueCache], counts: [Int],
    _ settings: AttentionSettings
  ) throws -> Tensor {
    try throwIfFailed()
    precondition(counts.count == caches.count, "\(counts.count) counts for \(caches.count) caches")
    precondition(
      counts.reduce(0, +) == query.rows && query.columns == settings.heads * settings.headSize
        && settings.heads % settings.keyValueHeads == 0,
      "attention inputs that do not fit the settings")
    let own = caches.map { cache in
      guard let own = cache as? CUDAKeyValueCache else { preconditionFailure("a cache of another backend") }
      precondition(
        own.heads == settings.keyValueHeads && own.headSize == settings.headSize
          && own.window.map { window in settings.window.map { $0 <= window } ?? false } ?? true,
        "a cache of another layer")
      return own
    }
    let valueHeadSize =
      value.map { $0.columns / settings.keyValueHeads } ?? own.first?.valueHeadSize ?? settings.headSize
    guard valueHeadSize <= Self.mostValues else {
      throw CUDAProblem.unsupported("a value head of \(valueHeadSize) columns")
    }
    // A cache restored from a file may have another value size than this layer.
    for cache in own where cache.valueHeadSize ?? valueHeadSize != valueHeadSize {
      throw CacheImageError.layout(
        found: "\(cache.image().layout)", expected: "value heads of \(valueHeadSize)")
    }
    let (result, y) = make(rows: query.rows, columns: settings.heads * valueHeadSize)
    if key != nil, value != nil {
      for (cache, count) in zip(own, counts) { cache.extend(by: count, valueHeadSize: valueHeadSize) }
    } else {
      precondition(
        key == nil && value == nil && zip(own, counts).allSatisfy { $0.length >= $1 },
        "queries beyond the end of a cache")
    }
    guard query.rows > 0, let first = own.first else { return result }
    let layout = first.layout(valueHeadSize: valueHeadSize)
    forEachGroup(counts) { range, start, rowCount in
      var sequences: [sotto_cuda_sequence] = []
      var row = 0
      for index in range where counts[index] > 0 {
        let cache = own[index]
        sequences.append(
          sotto_cuda_sequence(
            memory: cache.pageTable(), origin: Int32(cache.origin), length: Int32(cache.length),
            row: Int32(row), rows: Int32(counts[index])))
        row += counts[index]
      }
      if let key, let value {
        write(
          key: rows(of: key), value: rows(of: value), from: start, rows: rowCount, layout: layout, sequences)
      }
      attend(
        query, from: start, rows: rowCount, y: y + UInt64(4 * start * result.columns), layout, settings, sequences)
    }
    if !settings.keepsUnseen { for cache in own { cache.dropUnseenPages() } }
    return result
  }

  /// Calls `body` with the sequences, first row and rows of as many sequences as a kernel takes.
  func forEachGroup(_ counts: [Int], _ body: (Range<Int>, _ start: Int, _ rows: Int) -> Void) {
    var start = 0
    let most = Int(SOTTO_CUDA_MOST_SEQUENCES)
    for first in stride(from: 0, to: counts.count, by: most) {
      let range = first..<min(first + most, counts.count)
      let rows = counts[range].reduce(0, +)
      if rows > 0 { body(range, start, rows) }
      start += rows
    }
  }

  private func write(
    key: sotto_cuda_rows, value: sotto_cuda_rows, from start: Int, rows: Int, layout: sotto_cuda_layout,
    _ sequences: [sotto_cuda_sequence]
  ) {
    var call = sotto_cuda_cache_write()
    call.layout = layout
    call.key = key.advanced(by: start)
    call.value = value.advanced(by: start)
    call.sequence_count = Int32(sequences.count)
    withUnsafeMutableBytes(of: &call.sequences) { target in
      sequences.withUnsafeBytes { target.copyMemory(from: $0) }
    }
    launch(.cacheWrite, call, grid: (Int(layout.heads), rows, 1), threads: 128)
  }

  private func attend(
    _ query: Tensor, from start: Int, rows count: Int, y: UInt64, _ layout: sotto_cuda_layout,
    _ settings: AttentionSettings, _ sequences: [sotto_cuda_sequence]
  ) {
    let group = settings.heads / settings.keyValueHeads
    let tiles = (group + Self.tileHeads - 1) / Self.tileHeads
    let plan = AttentionPlan(
      pages: sequences.map { sequence in
        let held = Int(sequence.length - sequence.origin)
        let seen = settings.window.map { min(held, $0 + CUDAKeyValueCache.pagePositions) } ?? held
        return (seen + CUDAKeyValueCache.pagePositions - 1) / CUDAKeyValueCache.pagePositions
      }.max() ?? 0, blocks: count * settings.keyValueHeads * tiles)
    var call = sotto_cuda_attention()
    call.layout = layout
    call.heads = Int32(settings.heads)
    call.window = Int32(settings.window ?? 0)
    call.rows = Int32(count)
    call.splits = Int32(plan.splits)
    call.split_pages = Int32(plan.pages)
    call.head_tiles = Int32(tiles)
    call.scale = settings.scale
    call.softcap = settings.softcap ?? 0
    call.query = rows(of: query).advanced(by: start)
    call.y = y
    call.sinks = settings.sinks.map { vector($0, count: settings.heads) } ?? 0
    call.sequence_count = Int32(sequences.count)
    withUnsafeMutableBytes(of: &call.sequences) { target in
      sequences.withUnsafeBytes { target.copyMemory(from: $0) }
    }
    var partials: CUDABuffer?
    if plan.splits > 1 {
      let numbers = count * settings.heads * plan.splits * (Int(layout.value_size) + 2)
      partials = take(bytes: numbers * MemoryLayout<Float>.size)
      call.partials = partials?.address ?? 0
    }
    let kernel: CUDAKernel =
      layout.format == 0 ? .attentionF32 : layout.format == 1 ? .attentionF16 : .attentionI8
    launch(
      kernel, call, grid: (count, settings.keyValueHeads * tiles, plan.splits), threads: 128,
      shared: Self.tileHeads * settings.headSize * MemoryLayout<Float>.size)
    if plan.splits > 1 {
      launch(.attentionSum, call, grid: (settings.heads, count, 1), threads: 128)
    }
  }
}

/// How the pages of a call are divided among blocks of threads. It follows from lengths alone, since it determines the order
/// of sums.
struct AttentionPlan: Equatable {
  /// The number of ranges of pages.
  let splits: Int
  /// Pages of a range.
  let pages: Int

  /// - Parameters:
  ///   - pages: the most pages that a row sees.
  ///   - blocks: blocks of threads without a division.
  init(pages: Int, blocks: Int) {
    let wanted = max(1, min(32, Self.enoughBlocks / max(blocks, 1)))
    let size = max(1, (pages + wanted - 1) / wanted)
    self.pages = size
    splits = max(1, (pages + size - 1) / size)
  }

  /// About two for each multiprocessor of a large device.
  private static let enoughBlocks = 256
}

extension sotto_cuda_rows {
  /// The rows from `row` on.
  func advanced(by row: Int) -> sotto_cuda_rows {
    sotto_cuda_rows(data: data + UInt64(Int64(row) * stride * 4), stride: stride)
  }
}
