import CKernels

// Sampling: one pass over a row of logits, divided among the threads, and a draw; see sampling.h.
extension CPUBackend {
  /// Samples a token from each row of logits; -1 if no logit is a number above -infinity.
  ///
  /// A vocabulary of 200,000 costs about 50 microseconds. Filters add a pass over the few chunks that contain
  /// candidates.
  public func sample(_ logits: Tensor, _ rows: [SamplingParameters]) -> Tokens {
    precondition(rows.count == logits.rows, "\(rows.count) parameters for \(logits.rows) rows")
    let all = rows.flatMap { row in
      row.adjustments.map {
        sotto_logit_adjustment(
          token: $0.token, bias: $0.bias, repetition: $0.repetition, penalty: $0.penalty)
      }
    }
    let scratch = buffers.take(rows.count * Int(sotto_sampling_scratch(logits.columns)))
    let ids = [Int32](unsafeUninitializedCapacity: rows.count) { ids, count in
      all.withUnsafeBufferPointer { all in
        var start = 0
        let settings = rows.map { row in
          defer { start += row.adjustments.count }
          return sotto_sampling(
            temperature: row.temperature, top_k: row.topK, top_p: row.topP, min_p: row.minP,
            uniform: row.uniform, adjustments: all.baseAddress.map { $0 + start },
            adjustment_count: row.adjustments.count)
        }
        sotto_sample(
          pool.handle, self.rows(of: logits), logits.rows, logits.columns, settings, scratch.pointer,
          ids.baseAddress)
      }
      count = rows.count
    }
    return Tokens(ids)
  }

  /// The log probabilities of a token and of the most likely ones, for each row of logits. Exponentials are summed in
  /// float32 within chunks and in float64 over the chunks.
  public func logProbabilities(
    _ logits: Tensor, of tokens: Tokens, best count: Int
  ) -> [TokenLogProbabilities] {
    let tokens = ids(tokens), best = min(max(count, 0), logits.columns)
    precondition(tokens.count == logits.rows, "\(tokens.count) tokens for \(logits.rows) rows")
    let scratch = buffers.take(Int(sotto_sampling_scratch(logits.columns)))
    return tokens.enumerated().map { row, token in
      let x = pointer(logits) + row * logits.stride
      var ids = [Int32](repeating: 0, count: best), values = [Float](repeating: 0, count: best)
      var normaliser = 0.0
      let found = sotto_log_probabilities(
        pool.handle, x, logits.columns, best, scratch.pointer, &ids, &values, &normaliser)
      let isKnown = (0..<logits.columns).contains(Int(token)) && !x[Int(token)].isNaN && normaliser.isFinite
      return TokenLogProbabilities(
        token: TokenLogProbabilities.Entry(
          token: token, logProbability: isKnown ? Float(Double(x[Int(token)]) - normaliser) : -.infinity),
        best: (0..<found).map { TokenLogProbabilities.Entry(token: ids[$0], logProbability: values[$0]) })
    }
  }

  /// The ids, which are always known.
  public func ids(_ tokens: Tokens) -> [Int32] {
    guard case .host(let ids) = tokens.storage else { preconditionFailure("tokens of another backend") }
    return ids
  }
}
