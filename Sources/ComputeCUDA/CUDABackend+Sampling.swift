import CCUDA
import Compute

// Sampling on the device, except for rare settings.
extension CUDABackend {
  /// Logits of a chunk, as in sampling.cu.
  private static let chunk = 2048

  /// The most tokens that top-k keeps fast; as in sampling_draw.cu.
  private static let mostTop = 512

  /// Samples a token from each row of logits; -1 if no logit is a number above -infinity.
  public func sample(_ logits: Tensor, _ rows: [SamplingParameters]) -> Tokens {
    precondition(rows.count == logits.rows, "\(rows.count) parameters for \(logits.rows) rows")
    // The device is slow at top-p over all tokens.
    if rows.contains(where: { $0.temperature > 0 && $0.topP < 1 && !(1...Self.mostTop).contains($0.topK) }) {
      let copy = host.tensor(values(logits), columns: logits.columns)
      return hasFailed ? Tokens(Array(repeating: -1, count: rows.count)) : host.sample(copy, rows)
    }
    let ids = take(bytes: 4 * max(rows.count, 1)), logits = adjusted(logits, rows)
    var call = sotto_cuda_sampling()
    call.logits = self.rows(of: logits)
    call.ids = ids.address
    call.rows = Int32(rows.count)
    call.count = Int32(logits.columns)
    if rows.contains(where: { $0.temperature > 0 }) {
      draw(&call, rows)
    } else {
      let chunks = (logits.columns + Self.chunk - 1) / Self.chunk
      let found = take(bytes: 8 * max(rows.count, 1) * chunks)
      call.chunks = found.address
      call.chunk_count = Int32(chunks)
      launch(.largest, call, grid: (chunks, rows.count, 1), threads: 256)
      launch(.greedy, call, grid: (rows.count, 1, 1), threads: 32)
    }
    return Tokens(count: rows.count, device: CUDATokens(buffer: ids, address: ids.address))
  }

  /// Draws with temperatures, as many rows at a time as a kernel takes.
  private func draw(_ call: inout sotto_cuda_sampling, _ rows: [SamplingParameters]) {
    let most = Int(SOTTO_CUDA_MOST_SEQUENCES)
    for first in stride(from: 0, to: rows.count, by: most) {
      let settings = rows[first..<min(first + most, rows.count)].map { row in
        sotto_cuda_sampling_row(
          temperature: row.temperature, top_p: row.topP, min_p: row.minP,
          top_k: Int32(clamping: max(row.topK, 0)), uniform: row.uniform)
      }
      call.first_row = Int32(first)
      withUnsafeMutableBytes(of: &call.settings) { target in
        settings.withUnsafeBytes { target.copyMemory(from: $0) }
      }
      launch(.draw, call, grid: (settings.count, 1, 1), threads: 1024)
    }
  }

  /// The logits, or a copy of them with the rows' adjustments.
  private func adjusted(_ logits: Tensor, _ rows: [SamplingParameters]) -> Tensor {
    var changes: [sotto_cuda_adjustment] = []
    for (row, parameters) in rows.enumerated() {
      changes += parameters.adjustments.map {
        sotto_cuda_adjustment(
          row: Int32(row), token: $0.token, bias: $0.bias, repetition: $0.repetition, penalty: $0.penalty)
      }
    }
    guard !changes.isEmpty else { return logits }
    let copy = multiplied(logits, by: 1), list = copied(changes)
    var call = sotto_cuda_sampling()
    call.adjusted = self.rows(of: copy).data
    call.adjustments = list.address
    call.adjustment_count = Int32(changes.count)
    call.count = Int32(logits.columns)
    launch(.adjusting, call, grid: ((changes.count + 255) / 256, 1, 1), threads: 256)
    return copy
  }

  /// The log probabilities of a token and of the most likely ones, for each row of logits, computed on the host.
  public func logProbabilities(
    _ logits: Tensor, of tokens: Tokens, best count: Int
  ) -> [TokenLogProbabilities] {
    let ids = ids(tokens)
    return host.logProbabilities(
      host.tensor(values(logits), columns: logits.columns), of: Tokens(ids), best: count)
  }

  /// The ids; waits until they are computed. -1 after an error.
  public func ids(_ tokens: Tokens) -> [Int32] {
    switch tokens.storage {
    case .host(let ids): return ids
    case .device(let object):
      guard let made = object as? CUDATokens else { preconditionFailure("tokens of another backend") }
      if let ids = made.ids { return ids }
      let reading = made.reading
      made.reading = nil
      let ids = reading.map { finish($0, count: tokens.count) } ?? read(made.address, count: tokens.count, -1)
      made.ids = ids
      return ids
    }
  }
}
