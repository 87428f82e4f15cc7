import CKernels

extension CPUBackend {
  /// The selective scan of a state space with one decay per head, in float32 for every precision.
  ///
  /// Prompts are scanned in chunks as matrix products, up to three rows one by one. Heads are divided among the
  /// threads.
  public func stateSpaceScan(
    _ x: Tensor, b: Tensor, c: Tensor, steps: Tensor, _ settings: StateSpaceSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    let shape = settings
    precondition(counts.count == caches.count, "\(counts.count) counts for \(caches.count) caches")
    precondition(
      counts.reduce(0, +) == x.rows && [b, c, steps].allSatisfy { $0.rows == x.rows }
        && x.columns == shape.heads * shape.headSize && b.columns == shape.groups * shape.stateSize
        && c.columns == b.columns && steps.columns == shape.heads && shape.heads % shape.groups == 0,
      "inputs of a scan that do not fit the settings")
    let (result, output) = make(rows: x.rows, columns: x.columns)
    let own = recurrent(caches)
    var row = 0
    var sequences: [sotto_scanned] = []
    for (cache, count) in zip(own, counts) where count > 0 {
      precondition(
        cache.shape.stateCount == shape.heads * shape.stateSize * shape.headSize, "a cache of another layer")
      sequences.append(sotto_scanned(state: cache.writableState(), row: row, rows: count))
      row += count
    }
    sequences.withUnsafeBufferPointer { sequences in
      var scan = sotto_state_space(
        output: output, x: rows(of: x), b: rows(of: b), c: rows(of: c), dt: rows(of: steps),
        a_log: vector(shape.logRate, count: shape.heads), dt_bias: vector(shape.stepBias, count: shape.heads),
        d: shape.skip.map { vector($0, count: shape.heads) }, heads: shape.heads, head_size: shape.headSize,
        groups: shape.groups, state_size: shape.stateSize, least_step: shape.stepLimits.lowerBound,
        most_step: shape.stepLimits.upperBound, sequences: sequences.baseAddress,
        sequence_count: sequences.count)
      let scratch = buffers.take(sotto_scan_scratch(&scan) * threads)
      sotto_scan(pool.handle, &scan, scratch.pointer)
    }
    for (cache, count) in zip(own, counts) { cache.advanceState(by: count) }
    return result
  }
}
