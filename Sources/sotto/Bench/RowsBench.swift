import Basics
import Compute
import Foundation
import Models

/// `sotto bench --rows`: what a decoding pass of several tokens costs, relative to one of a single token. That is what
/// verifying proposed tokens costs (rows of one sequence), and what answers together cost (rows of as many sequences).
///
/// The numbers of rows take turns, so that all have the same machine; the medians of the ratios are reported.
struct RowsBench {
  /// The results for one number of rows.
  struct Row {
    let rows: Int
    /// Milliseconds of a pass over rows of one sequence, and of as many sequences.
    let verification, batch: Double
    /// The medians of the same relative to a pass with one row.
    let verificationRatio, batchRatio: Double
  }

  let name: String
  let threads: Int
  private let model: any LanguageModel
  private let backend: any Backend
  private let clock: BenchClock

  init(
    name: String, threads: Int, model: any LanguageModel, backend: any Backend, clock: BenchClock
  ) {
    self.name = name
    self.threads = threads
    self.model = model
    self.backend = backend
    self.clock = clock
  }

  /// Measures after `cached` tokens.
  func run(_ sizes: [Int], cached: Int, repetitions: Int) throws -> [Row] {
    let base = SequenceState(caches: model.makeCaches())
    _ = backend.values(try model.forward(ForwardInput(tokens: tokens(cached), sequence: base)))
    let states = (0..<(sizes.max() ?? 1)).map { _ in base.fork() }
    for state in states { _ = try seconds([state], count: 1) }
    var verification = [[Double]](repeating: [], count: sizes.count), batch = verification
    var single: [Double] = []
    for _ in 0..<max(repetitions, 1) {
      for (index, rows) in sizes.enumerated() {
        single.append(try seconds([states[0]], count: 1))
        verification[index].append(try seconds([base.fork()], count: rows))
        // Their states have memory of their own.
        batch[index].append(try seconds(Array(states[..<rows]), count: 1))
      }
    }
    return sizes.enumerated().map { index, rows in
      func ratio(_ times: [Double]) -> Double {
        median(times.enumerated().map { $0.element / single[$0.offset * sizes.count + index] })
      }
      return Row(
        rows: rows, verification: median(verification[index]) * 1000, batch: median(batch[index]) * 1000,
        verificationRatio: ratio(verification[index]), batchRatio: ratio(batch[index]))
    }
  }

  private func tokens(_ count: Int) -> [Int32] {
    (0..<count).map { Int32(($0 &* 7919 &+ 13) % model.facts.vocabularyCount) }
  }

  /// The seconds of a pass over `count` tokens of each sequence, with all logits.
  private func seconds(_ states: [SequenceState], count: Int) throws -> Double {
    let rows = states.count * count
    var input = ForwardInput(
      tokens: tokens(rows), sequences: states, counts: states.map { _ in count }, outputs: Array(0..<rows))
    input.rowsAreSteps = true
    let start = clock.seconds
    let logits = try model.forward(input)
    _ = backend.ids(backend.argmax(logits))
    return clock.seconds - start
  }

  func json(_ rows: [Row]) -> JSON {
    [
      "model": .string(name), "threads": .integer(threads),
      "rows": .array(
        rows.map { row in
          [
            "rows": .integer(row.rows), "one_sequence_ms": .number(row.verification),
            "one_sequence_ratio": .number(row.verificationRatio), "sequences_ms": .number(row.batch),
            "sequences_ratio": .number(row.batchRatio),
          ]
        }),
    ]
  }

  func table(_ rows: [Row]) -> String {
    func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 14 - text.count)) + text }
    var text = "\(name), \(threads) threads: a pass of several tokens relative to one\n"
    text += ["rows", "one seq. ms", "ratio", "sequences ms", "ratio"].map(cell).joined() + "\n"
    for row in rows {
      let numbers = [
        (row.verification, "%.2f"), (row.verificationRatio, "%.2f"), (row.batch, "%.2f"),
        (row.batchRatio, "%.2f"),
      ]
      text += cell(String(row.rows)) + numbers.map { cell(String(format: $1, $0)) }.joined() + "\n"
    }
    return text
  }
}
