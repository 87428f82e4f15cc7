import CCUDA
import Compute

// Greedy sampling stays on the device. Other sampling copies the logits to the host, whose kernels draw.
extension CUDABackend {
  /// Logits of a chunk, as in sampling.cu.
  private static let chunk = 2048

  /// Samples a token from each row of logits; -1 if no logit is a number above -infinity.
  public func sample(_ logits: Tensor, _ rows: [SamplingParameters]) -> Tokens {
    precondition(rows.count == logits.rows, "\(rows.count) parameters for \(logits.rows) rows")
    guard rows.allSatisfy({ !($0.temperature > 0) && $0.adjustments.isEmpty }) else {
      let copy = host.tensor(values(logits), columns: logits.columns)
      guard !hasFailed else { return Tokens(Array(repeating: -1, count: rows.count)) }
      return host.sample(copy, rows)
    }
    let chunks = (logits.columns + Self.chunk - 1) / Self.chunk
    let found = take(bytes: 8 * rows.count * chunks), ids = take(bytes: 4 * rows.count)
    var call = sotto_cuda_sampling()
    call.logits = self.rows(of: logits)
    call.chunks = found.address
    call.ids = ids.address
    call.rows = Int32(rows.count)
    call.count = Int32(logits.columns)
    call.chunk_count = Int32(chunks)
    launch(.largest, call, grid: (chunks, rows.count, 1), threads: 256)
    launch(.greedy, call, grid: (rows.count, 1, 1), threads: 32)
    return Tokens(count: rows.count, device: ids)
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
      guard let buffer = object as? CUDABuffer else { preconditionFailure("tokens of another backend") }
      return read(buffer.address, count: tokens.count, -1)
    }
  }
}
