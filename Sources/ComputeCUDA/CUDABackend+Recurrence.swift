import CCUDA
import Compute

// Recurrent layers, token by token, in float32 for every precision.
extension CUDABackend {
  /// The zero state of a recurrent layer.
  public func recurrentCache(_ shape: RecurrentShape) -> any RecurrentCache {
    CUDARecurrentCache(shape, self)
  }

  /// Depthwise causal convolution over time of each sequence's rows after the inputs in its cache.
  public func causalConvolution(
    _ x: Tensor, weight: Parameter, bias: Parameter?, activation: Activation?,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    precondition(
      activation == nil || activation == .silu, "no convolution with \(String(describing: activation))")
    let taps = weight.columns
    precondition(
      weight.shape.dropLast().reduce(1, *) == x.columns && (1...32).contains(taps),
      "a convolution of shape \(weight.shape) for \(x.columns) channels")
    let (result, y) = make(rows: x.rows, columns: x.columns)
    var call = sotto_cuda_convolution()
    call.weight = matrix(weight)
    call.bias = bias.map { vector($0, count: x.columns) } ?? 0
    call.channels = Int32(x.columns)
    call.taps = Int32(taps)
    call.silu = activation == nil ? 0 : 1
    forEachSequence(x, caches, counts, numbers: x.columns * max(taps - 1, 0), .convolution) {
      start, sequences in
      call.x = rows(of: x).advanced(by: start)
      call.y = y + UInt64(4 * start * x.columns)
      call.sequence_count = Int32(sequences.count)
      Self.store(sequences, in: &call.sequences)
      let blocks = (x.columns + 127) / 128, rows = sequences.map { Int($0.rows) }.max() ?? 0
      if rows <= 16 {
        launch(.convolution, call, grid: (blocks, sequences.count, 1), threads: 128)
      } else {
        launch(
          .longConvolution, call, grid: (blocks, sequences.count, (rows + 15) / 16), threads: 128)
        launch(.convolutionCarry, call, grid: (blocks, sequences.count, 1), threads: 128)
      }
    }
    return result
  }

  /// Mixes of each row with the one before it.
  public func tokenShift(
    _ x: Tensor, mixes: [Parameter], caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    precondition((1...8).contains(mixes.count), "\(mixes.count) mixes")
    let (result, y) = make(rows: x.rows, columns: mixes.count * x.columns)
    var call = sotto_cuda_token_shift()
    call.columns = Int32(x.columns)
    call.count = Int32(mixes.count)
    let addresses = mixes.map { vector($0, count: x.columns) }
    withUnsafeMutableBytes(of: &call.mixes) { target in
      addresses.withUnsafeBytes { target.copyMemory(from: $0) }
    }
    forEachSequence(x, caches, counts, numbers: x.columns, .convolution) { start, sequences in
      call.x = rows(of: x).advanced(by: start)
      call.y = y + UInt64(4 * start * result.columns)
      call.sequence_count = Int32(sequences.count)
      Self.store(sequences, in: &call.sequences)
      launch(.tokenShift, call, grid: ((x.columns + 127) / 128, sequences.count, 1), threads: 128)
    }
    return result
  }

  /// Which part of a recurrent cache an operation advances.
  enum Part { case convolution, state }

  /// Calls `body` with the first row and as many sequences as a kernel takes; their rows are counted from it.
  /// - Parameter numbers: of each cache's part.
  func forEachSequence(
    _ x: Tensor, _ caches: [any RecurrentCache], _ counts: [Int], numbers: Int, _ part: Part,
    _ body: (_ start: Int, [sotto_cuda_sequence]) -> Void
  ) {
    precondition(
      counts.count == caches.count && counts.reduce(0, +) == x.rows,
      "rows that are not those of the sequences")
    forEachGroup(counts) { range, start, _ in
      var sequences: [sotto_cuda_sequence] = []
      var row = 0
      for index in range where counts[index] > 0 {
        guard let cache = caches[index] as? CUDARecurrentCache else {
          preconditionFailure("a cache of another backend")
        }
        precondition(
          (part == .state ? cache.shape.stateCount : cache.shape.convolutionCount) == numbers,
          "a cache of another layer")
        sequences.append(
          sotto_cuda_sequence(
            memory: part == .state ? cache.writableState() : cache.writableConvolution(), origin: 0,
            length: Int32(cache.length), row: Int32(row), rows: Int32(counts[index])))
        row += counts[index]
        if part == .state {
          cache.advanceState(by: counts[index])
        } else {
          cache.advanceConvolution(by: counts[index])
        }
      }
      body(start, sequences)
    }
  }

  /// Copies sequences into the array of a structure of arguments.
  static func store<Target>(_ sequences: [sotto_cuda_sequence], in target: inout Target) {
    withUnsafeMutableBytes(of: &target) { target in
      sequences.withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }
}
