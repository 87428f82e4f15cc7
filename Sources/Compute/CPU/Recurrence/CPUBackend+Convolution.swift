import CKernels

extension CPUBackend {
  /// Depthwise causal convolution over time of each sequence's rows after the inputs in its cache.
  ///
  /// Reads each input once from memory; channels are divided among the threads.
  public func causalConvolution(
    _ x: Tensor, weight: Parameter, bias: Parameter?, activation: Activation?,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    precondition(
      activation == nil || activation == .silu, "no convolution with \(String(describing: activation))")
    precondition(counts.count == caches.count, "\(counts.count) counts for \(caches.count) caches")
    precondition(counts.reduce(0, +) == x.rows, "\(counts) rows of \(x.rows)")
    let taps = weight.columns
    precondition(
      weight.shape.dropLast().reduce(1, *) == x.columns && (1...Int(SOTTO_MOST_TAPS)).contains(taps),
      "a convolution of shape \(weight.shape) for \(x.columns) channels")
    guard let matrix = weight.storage as? CPUMatrix else { preconditionFailure("not a matrix") }
    let (result, output) = make(rows: x.rows, columns: x.columns)
    var row = 0
    var sequences: [sotto_convolved] = []
    for (cache, count) in zip(recurrent(caches), counts) where count > 0 {
      precondition(
        cache.shape.channels == x.columns && cache.shape.taps == taps, "a cache of another layer")
      sequences.append(sotto_convolved(inputs: cache.writableConvolution(), row: row, rows: count))
      cache.advanceConvolution(by: count)
      row += count
    }
    sequences.withUnsafeBufferPointer { sequences in
      var call = sotto_convolution(
        output: output, x: rows(of: x), channels: x.columns, taps: taps, weight: matrix.columns.pointer,
        bias: bias.map { vector($0, count: x.columns) }, silu: activation == nil ? 0 : 1,
        sequences: sequences.baseAddress, sequence_count: sequences.count)
      sotto_convolve(pool.handle, &call)
    }
    return result
  }

  /// The caches as those of this backend.
  func recurrent(_ caches: [any RecurrentCache]) -> [CPURecurrentCache] {
    caches.map { cache in
      guard let own = cache as? CPURecurrentCache else { preconditionFailure("a cache of another backend") }
      return own
    }
  }
}
