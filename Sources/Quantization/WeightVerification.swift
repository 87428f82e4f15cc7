import Basics
import Checkpoints
import Compute

/// Reads all weights of a checkpoint and finds those with numbers that are not finite. Costs about 2 ns per number and
/// thread, or the time to read the files.
public struct WeightVerification {
  private let checkpoint: Checkpoint

  /// A verification of `checkpoint`.
  public init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

  /// One line for every damaged weight.
  /// - Parameter progress: called with the numbers that are done, and all; throws to stop.
  public func problems(threads: Int, progress: (_ done: Int, _ total: Int) throws -> Void) throws -> [String]
  {
    let quantizer = WeightQuantizer(threads: threads)
    let total = checkpoint.parameters
    var done = 0, problems: [String] = []
    for name in checkpoint.names {
      let weight: Weight
      do { weight = try checkpoint.weight(name) } catch {
        // Tables of integers are no weights.
        if error.kind != .unsupported { problems.append("\(error)") }
        continue
      }
      var bad = 0
      let rows = weight.rows * weight.matrices
      let chunk = max(1, (1 << 20) / max(1, weight.columns))
      for start in stride(from: 0, to: rows, by: chunk) {
        let range = start..<min(rows, start + chunk)
        let numbers = try quantizer.quantize(weight, rows: range, to: .float32, type: .float32).values
        bad += numbers.withUnsafeBytes { Self.count($0) }
        done += range.count * weight.columns
        try progress(done, total)
      }
      checkpoint.advise(.dontNeed)
      if bad > 0 {
        let all = rows * weight.columns
        problems.append("tensor \(printable(name)): \(bad) of \(all) numbers are not finite")
      }
    }
    return problems
  }

  /// The float32 numbers that are infinite or not numbers.
  private static func count(_ bytes: UnsafeRawBufferPointer) -> Int {
    bytes.bindMemory(to: UInt32.self).reduce(0) { $0 &+ ($1 & 0x7f80_0000 == 0x7f80_0000 ? 1 : 0) }
  }
}
