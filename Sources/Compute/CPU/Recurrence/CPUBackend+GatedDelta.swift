import CKernels

extension CPUBackend {
  /// The gated delta rule over each sequence's rows. Prompts are processed in chunks as float32 matrix products; see
  /// gated_delta.h for the formula and the cost. Scratch memory grows with the number of threads only.
  public func gatedDelta(
    query: Tensor, key: Tensor, value: Tensor, decay: Tensor, write: Tensor, caches: [any RecurrentCache],
    counts: [Int], _ settings: GatedDeltaSettings
  ) throws -> Tensor {
    let keyColumns = settings.keyHeads * settings.keySize
    let valueColumns = settings.valueHeads * settings.valueSize
    let (perChannel, bound) = settings.decays.kernel
    let decays = perChannel ? keyColumns : settings.valueHeads
    precondition(
      settings.valueHeads % settings.keyHeads == 0 && query.columns == keyColumns && key.columns == keyColumns
        && value.columns == valueColumns && decay.columns == decays && write.columns == settings.valueHeads
        && (!perChannel || settings.keyHeads == settings.valueHeads),
      "gated delta inputs that do not fit the settings")
    precondition(
      [query, key, value, decay, write].allSatisfy { $0.rows == query.rows }
        && counts.count == caches.count && counts.reduce(0, +) == query.rows,
      "rows that are not those of the sequences")
    let (result, output) = make(rows: query.rows, columns: valueColumns)
    var row = 0
    var sequences: [sotto_delta_sequence] = []
    for (cache, count) in zip(recurrent(caches), counts) where count > 0 {
      precondition(
        cache.shape.heads == settings.valueHeads && cache.shape.rows == settings.keySize
          && cache.shape.columns == settings.valueSize,
        "a cache of another layer")
      sequences.append(sotto_delta_sequence(state: cache.writableState(), row: row, rows: count))
      cache.advanceState(by: count)
      row += count
    }
    sequences.withUnsafeBufferPointer { sequences in
      var call = sotto_gated_delta(
        key_heads: settings.keyHeads, value_heads: settings.valueHeads,
        tiled: settings.tilesValueHeads ? 1 : 0,
        key_size: settings.keySize,
        value_size: settings.valueSize, query: rows(of: query), key: rows(of: key), value: rows(of: value),
        decay: rows(of: decay), write: rows(of: write),
        log_decay: vector(settings.logDecay, count: settings.valueHeads),
        bias: vector(settings.bias, count: decays), per_channel: perChannel ? 1 : 0, lower_bound: bound,
        write_scale: settings.writeScale, epsilon: settings.epsilon, output: output,
        sequences: sequences.baseAddress,
        sequence_count: sequences.count)
      let bytes = sotto_gated_delta_scratch(&call, Int32(clamping: threads))
      let scratch = buffers.take(bytes / MemoryLayout<Float>.stride)
      sotto_gated_delta_run(pool.handle, &call, scratch.pointer)
    }
    return result
  }
}

extension GatedDeltaSettings.Decays {
  /// Whether decays are per channel, and their lower bound for the kernel.
  fileprivate var kernel: (perChannel: Bool, bound: Float) {
    switch self {
    case .perHead: (false, 0)
    case .perChannel(let bound): (true, bound ?? 0)
    }
  }
}
