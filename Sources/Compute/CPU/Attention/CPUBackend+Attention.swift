import CKernels

extension CPUBackend {
  /// An empty cache of an attention layer, in the backend's cache format.
  public func keyValueCache(
    heads: Int, headSize: Int, window: Int?, sharedValues: Int?
  ) -> any KeyValueCache {
    CPUKeyValueCache(
      heads: heads, headSize: headSize, window: window, sharedValues: sharedValues, format: cacheFormat.kernel
    )
  }

  /// Appends key and value rows to the caches, if given, and computes causal attention over their content.
  ///
  /// Scratch memory grows with the number of threads, not with queries times keys.
  /// - Returns: [rows, heads * valueHeadSize].
  public func attention(
    query: Tensor, key: Tensor?, value: Tensor?, caches: [any KeyValueCache], counts: [Int],
    _ settings: AttentionSettings
  ) throws -> Tensor {
    let (own, valueHeadSize) = try settings.own(
      caches, counts: counts, query: query, value: value, as: CPUKeyValueCache.self)
    let (result, output) = make(rows: query.rows, columns: settings.heads * valueHeadSize)
    if let key, let value {
      append(key: key, value: value, to: own, counts, settings)
    } else {
      precondition(
        key == nil && value == nil && zip(own, counts).allSatisfy { $0.length >= $1 },
        "queries beyond the end of a cache")
    }
    guard query.rows > 0, let first = own.first else { return result }
    var arguments = sotto_attention()
    arguments.layout = first.layout(valueHeadSize: valueHeadSize)
    arguments.query = rows(of: query)
    arguments.output = output
    arguments.heads = settings.heads
    arguments.scale = settings.scale
    arguments.softcap = settings.softcap ?? 0
    arguments.window = settings.window ?? 0
    arguments.sinks = settings.sinks.map { vector($0, count: settings.heads) }
    arguments.rounded = precision == .fast ? 1 : 0
    arguments.prompt = settings.isPrefill && !settings.rowsAreSteps ? 1 : 0
    withSequences(own, counts, rowsAreSteps: settings.rowsAreSteps) { sequences in
      arguments.sequences = sequences.baseAddress
      arguments.sequence_count = sequences.count
      var plan = sotto_plan_attention(&arguments, Int32(clamping: threads))
      let scratch = buffers.take(plan.scratch_bytes / MemoryLayout<Float>.stride)
      sotto_attend(pool.handle, &arguments, &plan, scratch.pointer)
    }
    if !settings.keepsUnseen { for cache in own { cache.dropUnseenPages() } }
    return result
  }

  private func append(
    key: Tensor, value: Tensor, to caches: [CPUKeyValueCache], _ counts: [Int], _ settings: AttentionSettings
  ) {
    let rows = counts.reduce(0, +)
    precondition(
      key.rows == rows && value.rows == rows && key.columns == settings.keyValueHeads * settings.headSize
        && value.columns % settings.keyValueHeads == 0, "keys and values that do not fit the settings")
    var row = 0
    for (cache, count) in zip(caches, counts) {
      cache.append(
        key: sotto_rows(data: pointer(key) + row * key.stride, stride: key.stride),
        value: sotto_rows(data: pointer(value) + row * value.stride, stride: value.stride),
        count: count, valueHeadSize: value.columns / settings.keyValueHeads, pool: pool)
      row += count
    }
  }

  /// The sequences in the kernel's format, without those that have no rows.
  /// - Parameter rowsAreSteps: whether each row is a sequence of its own, which ends with it.
  private func withSequences(
    _ caches: [CPUKeyValueCache], _ counts: [Int], rowsAreSteps: Bool,
    _ body: (UnsafeBufferPointer<sotto_sequence>) -> Void
  ) {
    var offset = 0
    var pages: [UnsafeRawPointer?] = []
    for cache in caches { for page in cache.pointers { pages.append(UnsafeRawPointer(page)) } }
    pages.withUnsafeBufferPointer { pages in
      var sequences: [sotto_sequence] = []
      var row = 0
      for (cache, count) in zip(caches, counts) {
        let first = pages.baseAddress.map { $0 + offset }
        for step in 0..<(rowsAreSteps ? count : min(count, 1)) {
          sequences.append(
            sotto_sequence(
              pages: first, origin: cache.origin,
              length: rowsAreSteps ? cache.length - count + step + 1 : cache.length, row: row + step,
              rows: rowsAreSteps ? 1 : count))
        }
        offset += cache.pointers.count
        row += count
      }
      sequences.withUnsafeBufferPointer(body)
    }
  }
}
