import Basics
import Compute
import Foundation
import Generation
import Models

/// `sotto bench --positions`: the prompt speed and the memory of one sequence at several positions. Of a pure state-space
/// model both are constant.
struct PositionBench {
  struct Row {
    let position: Int
    /// Tokens per second of a prompt of that length.
    let promptRate: Double
    /// Tokens per second since the row before.
    let lastRate: Double
    /// Bytes of the sequence's caches.
    let cacheBytes: Int
    /// Resident memory.
    let memory: ResidentMemory
  }

  static let positions = [1000, 4000, 10_000, 32_000]
  /// A divisor of all positions, so that every pass has the same number of tokens.
  private static let chunk = 500

  let name: String
  let threads: Int
  /// Bytes of the model's file; nil for generated weights, which are allocated memory.
  let fileBytes: Int?
  private(set) var rows: [Row] = []
  /// The resident memory before the first token.
  private let start: ResidentMemory

  /// Measures at all positions in the context of the model.
  /// - Parameter clock: the clock of the prompt speeds.
  init(
    _ name: String, model: any LanguageModel, backend: any Backend, fileBytes: Int?, threads: Int,
    clock: BenchClock, note: (String) -> Void
  ) throws {
    self.name = name
    self.threads = threads
    self.fileBytes = fileBytes
    start = ResidentMemory.now()
    // The first pass reads the weights from disk.
    try SpeedMeasurement.prefill(
      0..<Self.chunk, by: Self.chunk, into: SequenceState(caches: model.makeCaches()), model, backend)
    let sequence = SequenceState(caches: model.makeCaches())
    var elapsed = 0.0
    for position in Self.positions where position <= model.facts.contextLength {
      note("to position \(position)")
      let first = sequence.length
      let begin = clock.seconds
      try SpeedMeasurement.prefill(first..<position, by: Self.chunk, into: sequence, model, backend)
      let time = clock.seconds - begin
      elapsed += time
      rows.append(
        Row(
          position: position, promptRate: Double(position) / elapsed,
          lastRate: Double(position - first) / time, cacheBytes: sequence.bytes, memory: .now()))
    }
  }

  /// Bytes of the weights.
  private var weightBytes: Int { fileBytes ?? start.allocated }
  /// Allocated memory besides the weights: caches, activations, and the program's own.
  private func aboveWeights(_ row: Row) -> Int {
    row.memory.allocated - (fileBytes == nil ? start.allocated : 0)
  }
  private func share(_ row: Row) -> Double { Double(row.memory.total) / Double(weightBytes + row.cacheBytes) }

  func json() -> JSON {
    [
      "model": .string(name), "threads": .integer(threads), "weight_bytes": .integer(weightBytes),
      "positions": .array(
        rows.map { row in
          [
            "position": .integer(row.position), "prompt_tps": .number(row.promptRate),
            "last_tps": .number(row.lastRate), "cache_bytes": .integer(row.cacheBytes),
            "rss_bytes": .integer(row.memory.total), "above_weights_bytes": .integer(aboveWeights(row)),
            "rss_share": .number(share(row)),
          ]
        }),
    ]
  }

  func table() -> String {
    func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 14 - text.count)) + text }
    let titles = ["tokens", "prompt t/s", "last t/s", "caches MB", "above MB", "resident MB", "of w. and c."]
    var text =
      "\(name), \(threads) threads, weights of \(String(format: "%.1f", Double(weightBytes) / 1e6)) MB\n"
    text += titles.map(cell).joined() + "\n"
    for row in rows {
      let numbers = [
        (row.promptRate, "%.1f"), (row.lastRate, "%.1f"), (Double(row.cacheBytes) / 1e6, "%.1f"),
        (Double(aboveWeights(row)) / 1e6, "%.1f"), (Double(row.memory.total) / 1e6, "%.1f"),
        (share(row), "%.3f"),
      ]
      text += cell(String(row.position)) + numbers.map { cell(String(format: $1, $0)) }.joined() + "\n"
    }
    return text
  }
}
