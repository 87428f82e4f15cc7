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
    let (own, valueHeadSize) = try settings.own(
      caches, counts: counts, query: query, value: value, as: CUDAKeyValueCache.self)
    guard valueHeadSize <= Self.mostValues else {
      throw CUDAProblem.unsupported("a value head of \(valueHeadSize) columns")
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
    // Queries and keys whose rotation is pending are rotated while keys are stored.
    let rotation = key.flatMap { key in joinedRotation(query, key) }
    let step = counts.allSatisfy { $0 <= 1 } ? stepKernel(layout, settings, sequences: counts.count) : nil
    let rotatedQuery =
      rotation == nil || step != nil ? query : make(rows: query.rows, columns: query.columns).tensor
    forEachGroup(counts) { range, start, rowCount in
      var sequences: [sotto_cuda_sequence] = []
      var row = 0
      for index in range where counts[index] > 0 {
        let cache = own[index]
        sequences.append(
          sotto_cuda_sequence(
            memory: cache.pageTable(), origin: 0, length: Int32(cache.length),
            row: Int32(row), rows: Int32(counts[index])))
        row += counts[index]
      }
      let results = y + UInt64(4 * start * result.columns)
      if let step {
        attendStep(
          step, query, key: key, value: value, rotation, from: start, rows: rowCount, y: results, layout,
          settings,
          sequences)
        return
      }
      if let rotation, let key, let value {
        rotateAndWrite(
          rotation, query: rows(of: rotation.x),
          key: rows(of: key.pending(CUDAPendingRotation.self)?.x ?? key),
          value: rows(of: value), into: rows(of: rotatedQuery), from: start, rows: rowCount, layout: layout,
          heads: settings.heads, sequences)
      } else if let key, let value {
        write(
          key: rows(of: key), value: rows(of: value), from: start, rows: rowCount, layout: layout, sequences)
      }
      attend(rotatedQuery, from: start, rows: rowCount, y: results, layout, settings, sequences)
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

  /// The pending rotation of queries, if keys have the same.
  private func joinedRotation(_ query: Tensor, _ key: Tensor) -> CUDAPendingRotation? {
    guard cacheFormat != .int8, let queries = query.pending(CUDAPendingRotation.self),
      let keys = key.pending(CUDAPendingRotation.self), queries.isLike(keys)
    else { return nil }
    return queries
  }

  private func rotateAndWrite(
    _ rotation: CUDAPendingRotation, query: sotto_cuda_rows, key: sotto_cuda_rows, value: sotto_cuda_rows,
    into y: sotto_cuda_rows, from start: Int, rows: Int, layout: sotto_cuda_layout, heads: Int,
    _ sequences: [sotto_cuda_sequence]
  ) {
    let count = rotation.table.frequencies.count
    var call = sotto_cuda_rotated_write()
    call.layout = layout
    call.heads = Int32(heads)
    call.first = Int32(rotation.table.first)
    call.count = Int32(count)
    call.interleaved = rotation.table.interleaved ? 1 : 0
    call.query = query.advanced(by: start)
    call.key = key.advanced(by: start)
    call.value = value.advanced(by: start)
    call.angles = angles(rotation.table, rotation.positions).address + UInt64(8 * start * count)
    call.y = y.advanced(by: start).data
    call.advance = recording?.advance ?? 0
    call.sequence_count = Int32(sequences.count)
    Self.store(sequences, in: &call.sequences)
    let (size, width, own) = (Int(layout.head_size), Int(layout.value_size), Int(layout.heads))
    let numbers = (heads + own) * size + own * width
    launch(.rotatedWrite, call, grid: ((numbers + 1023) / 1024, rows, 1), threads: 256)
  }

  private func write(
    key: sotto_cuda_rows, value: sotto_cuda_rows, from start: Int, rows: Int, layout: sotto_cuda_layout,
    _ sequences: [sotto_cuda_sequence]
  ) {
    var call = sotto_cuda_cache_write()
    call.layout = layout
    call.key = key.advanced(by: start)
    call.value = value.advanced(by: start)
    call.advance = recording?.advance ?? 0
    call.sequence_count = Int32(sequences.count)
    withUnsafeMutableBytes(of: &call.sequences) { target in
      sequences.withUnsafeBytes { target.copyMemory(from: $0) }
    }
    launch(.cacheWrite, call, grid: (Int(layout.heads), rows, 1), threads: 128)
  }

  /// The kernels that attend by tiles of pairs of a row and a head.
  private struct TileKernel {
    let kernel: CUDAKernel
    /// Pairs of a tile.
    let pairs: Int
    let threads: Int
    let shared: Int
  }

  /// The kernel on tensor cores for a call; nil if there is none for its sizes.
  private func tileKernel(
    _ layout: sotto_cuda_layout, group: Int, sequences: [sotto_cuda_sequence]
  ) -> TileKernel? {
    guard hasHalfPages(layout), group <= 64 else { return nil }
    let isNarrow = layout.head_size == 64, page = Self.pageHeadBytes(Int(layout.head_size))
    if group <= 16, sequences.allSatisfy({ Int($0.rows) * group <= 16 }) {
      return TileKernel(
        kernel: isNarrow ? .attentionRow64 : .attentionRow128, pairs: 16, threads: 32, shared: page)
    }
    return TileKernel(
      kernel: isNarrow ? .attentionTile64 : .attentionTile128, pairs: 64, threads: 128, shared: 2 * page)
  }

  /// Bytes of a float16 page's keys and values of a head.
  private static func pageHeadBytes(_ size: Int) -> Int { CUDAKeyValueCache.pagePositions * size * 4 }

  private func attend(
    _ query: Tensor, from start: Int, rows count: Int, y: UInt64, _ layout: sotto_cuda_layout,
    _ settings: AttentionSettings, _ sequences: [sotto_cuda_sequence]
  ) {
    let group = settings.heads / settings.keyValueHeads
    let tiled = tileKernel(layout, group: group, sequences: sequences)
    let headTiles = tiled == nil ? (group + Self.tileHeads - 1) / Self.tileHeads : 1
    let tiles =
      tiled.map { tiled in
        let rows = tiled.pairs / group
        return sequences.reduce(0) { $0 + (Int($1.rows) + rows - 1) / rows }
      } ?? count
    let plan = AttentionPlan(
      pages: Self.seenPages(sequences, settings.window) { sequence in
        tiled.map { min($0.pairs / group, Int(sequence.rows)) } ?? 1
      }, blocks: tiles * settings.keyValueHeads * headTiles)
    var (call, partials) = attentionCall(
      rows(of: query).advanced(by: start), rows: count, y: y, layout, settings, sequences, plan)
    defer { withExtendedLifetime(partials) {} }
    call.head_tiles = Int32(headTiles)
    if let tiled {
      launch(
        tiled.kernel, call, grid: (tiles, settings.keyValueHeads, plan.splits), threads: tiled.threads,
        shared: tiled.shared)
    } else {
      let kernel: CUDAKernel =
        layout.format == 0 ? .attentionF32 : layout.format == 1 ? .attentionF16 : .attentionI8
      launch(
        kernel, call, grid: (count, settings.keyValueHeads * headTiles, plan.splits), threads: 128,
        shared: Self.tileHeads * settings.headSize * MemoryLayout<Float>.size)
    }
    if plan.splits > 1 {
      launch(.attentionSum, call, grid: (settings.heads, count, 1), threads: 128)
    }
  }
}

extension sotto_cuda_rows {
  /// The rows from `row` on.
  func advanced(by row: Int) -> sotto_cuda_rows {
    sotto_cuda_rows(data: data + UInt64(Int64(row) * stride * 4), stride: stride)
  }
}
