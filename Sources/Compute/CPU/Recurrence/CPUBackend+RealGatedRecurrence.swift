import CKernels

extension CPUBackend {
  /// The real-gated linear recurrent unit, in float32 for every precision. Heads are divided among the threads.
  public func realGatedRecurrence(
    _ x: Tensor, _ settings: RealGatedRecurrenceSettings, caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    let columns = settings.heads * settings.columns
    precondition(
      counts.count == caches.count && counts.reduce(0, +) == x.rows && x.columns == columns
        && (1...Int(SOTTO_MOST_LRU_BLOCK)).contains(settings.columns),
      "inputs of a recurrence that do not fit the settings")
    let (result, output) = make(rows: x.rows, columns: columns)
    var row = 0
    var sequences: [sotto_lru_sequence] = []
    for (cache, count) in zip(recurrent(caches), counts) where count > 0 {
      precondition(cache.shape.stateCount == columns, "a cache of another layer")
      sequences.append(
        sotto_lru_sequence(
          state: cache.writableState(), row: row, rows: count, starts: cache.length == 0 ? 1 : 0))
      cache.advanceState(by: count)
      row += count
    }
    let numbers = columns * settings.columns
    sequences.withUnsafeBufferPointer { sequences in
      var call = sotto_rg_lru(
        output: output, x: rows(of: x), input_weight: vector(settings.input.weight, count: numbers),
        gate_weight: vector(settings.recurrence.weight, count: numbers),
        input_bias: vector(settings.input.bias, count: columns),
        gate_bias: vector(settings.recurrence.bias, count: columns),
        rate: vector(settings.rate, count: columns), heads: settings.heads, block: settings.columns,
        sequences: sequences.baseAddress, sequence_count: sequences.count)
      sotto_rg_lru_run(pool.handle, &call)
    }
    return result
  }
}
