import CKernels

extension CPUBackend {
  /// Mixes of each row with the one before it.
  public func tokenShift(
    _ x: Tensor, mixes: [Parameter], caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    precondition(
      counts.count == caches.count && counts.reduce(0, +) == x.rows
        && (1...Int(SOTTO_MOST_SHIFTS)).contains(mixes.count),
      "rows that are not those of the sequences")
    let (result, output) = make(rows: x.rows, columns: mixes.count * x.columns)
    var row = 0
    var sequences: [sotto_rwkv_sequence] = []
    for (cache, count) in zip(recurrent(caches), counts) where count > 0 {
      precondition(cache.shape.convolutionCount == x.columns, "a cache of another layer")
      sequences.append(sotto_rwkv_sequence(state: cache.writableConvolution(), row: row, rows: count))
      cache.advanceConvolution(by: count)
      row += count
    }
    sequences.withUnsafeBufferPointer { sequences in
      var call = sotto_token_shift()
      call.output = output
      call.x = rows(of: x)
      call.columns = x.columns
      call.count = mixes.count
      withUnsafeMutableBytes(of: &call.mixes) { target in
        let pointers = target.bindMemory(to: UnsafePointer<Float>?.self)
        for (index, mix) in mixes.enumerated() { pointers[index] = vector(mix, count: x.columns) }
      }
      call.sequences = sequences.baseAddress
      call.sequence_count = sequences.count
      sotto_shift_tokens(pool.handle, &call)
    }
    return result
  }

  /// RWKV-7's rule, in float32 for every precision, token by token. Heads are divided among the threads.
  public func rwkv(
    receptance: Tensor, decay: Tensor, key: Tensor, value: Tensor, rate: Tensor, _ settings: RWKVSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    let columns = settings.heads * settings.size
    precondition(
      [receptance, decay, key, value, rate].allSatisfy { $0.rows == key.rows && $0.columns == columns }
        && counts.count == caches.count && counts.reduce(0, +) == key.rows
        && (1...Int(SOTTO_MOST_RWKV_HEAD)).contains(settings.size),
      "inputs of the rule that do not fit the settings")
    let (result, output) = make(rows: key.rows, columns: columns)
    var row = 0
    var sequences: [sotto_rwkv_sequence] = []
    for (cache, count) in zip(recurrent(caches), counts) where count > 0 {
      precondition(cache.shape.stateCount == columns * settings.size, "a cache of another layer")
      sequences.append(sotto_rwkv_sequence(state: cache.writableState(), row: row, rows: count))
      cache.advanceState(by: count)
      row += count
    }
    func numbers(_ parameter: Parameter) -> UnsafePointer<Float> { vector(parameter, count: columns) }
    sequences.withUnsafeBufferPointer { sequences in
      var call = sotto_rwkv(
        output: output, receptance: rows(of: receptance), decay: rows(of: decay), key: rows(of: key),
        value: rows(of: value), rate: rows(of: rate), erase: numbers(settings.erase),
        blend: numbers(settings.blend), bonus: numbers(settings.bonus),
        norm_weight: numbers(settings.norm.weight), norm_bias: numbers(settings.norm.bias),
        heads: settings.heads, size: settings.size, epsilon: settings.norm.epsilon,
        sequences: sequences.baseAddress, sequence_count: sequences.count)
      sotto_rwkv_run(pool.handle, &call)
    }
    return result
  }
}
