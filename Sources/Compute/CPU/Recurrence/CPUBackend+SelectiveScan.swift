import CKernels

extension CPUBackend {
  /// The selective scan of a state space with a decay per channel and state, in float32 for every precision. Its cost is
  /// linear in the rows: about one exponential per number of the state and row. Channels are divided among the threads.
  public func selectiveScan(
    _ x: Tensor, b: Tensor, c: Tensor, steps: Tensor, _ settings: SelectiveScanSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    let (channels, states) = (settings.channels, settings.stateSize)
    precondition(counts.count == caches.count, "\(counts.count) counts for \(caches.count) caches")
    precondition(
      counts.reduce(0, +) == x.rows && [b, c, steps].allSatisfy { $0.rows == x.rows }
        && x.columns == channels && steps.columns == channels && b.columns == states && c.columns == states
        && (1...Int(SOTTO_MOST_SELECTIVE_STATES)).contains(states)
        && settings.rate.shape == [channels, states],
      "inputs of a scan that do not fit the settings")
    guard let rate = settings.rate.storage as? CPUMatrix else { preconditionFailure("not a matrix") }
    let (result, output) = make(rows: x.rows, columns: channels)
    let own = recurrent(caches)
    var row = 0
    var sequences: [sotto_selected] = []
    for (cache, count) in zip(own, counts) where count > 0 {
      precondition(cache.shape.stateCount == channels * states, "a cache of another layer")
      sequences.append(sotto_selected(state: cache.writableState(), row: row, rows: count))
      row += count
    }
    sequences.withUnsafeBufferPointer { sequences in
      var scan = sotto_selective_scan(
        output: output, x: rows(of: x), dt: rows(of: steps), b: rows(of: b), c: rows(of: c),
        rate: rate.columns.pointer, d: settings.skip.map { vector($0, count: channels) }, channels: channels,
        state_size: states, sequences: sequences.baseAddress, sequence_count: sequences.count)
      sotto_scan_selectively(pool.handle, &scan)
    }
    for (cache, count) in zip(own, counts) { cache.advanceState(by: count) }
    return result
  }
}
