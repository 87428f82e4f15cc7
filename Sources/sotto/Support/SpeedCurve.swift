import Basics
import Compute
import Foundation
import Models

/// The time to the first token as a function of the number of new tokens, for several cache lengths: the cost of a turn
/// in a conversation. The model is created once, and each cache is prefilled once for all prompts.
struct SpeedCurve {
  /// A row of the table: the median in milliseconds for each of `SpeedCurve.prompts`.
  struct Row {
    let cached: Int
    let milliseconds: [Double]
  }

  static let prompts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
  static let caches = [0, 1000, 8000]

  private(set) var rows: [Row] = []

  /// Measures with all caches that leave room for the longest prompt in the context of the model.
  /// - Parameter note: called with a progress message before the prefill of each cache.
  init(model: any LanguageModel, backend: any Backend, repetitions: Int, note: (String) -> Void) throws {
    let longest = Self.prompts.last ?? 1
    for cached in Self.caches where cached + longest <= model.facts.contextLength {
      note("after \(cached) cached tokens")
      var measurement = try SpeedMeasurement(
        model: model, backend: backend, cached: cached, prompt: longest, generate: 0)
      var row: [Double] = []
      for prompt in Self.prompts {
        measurement.restart(prompt: prompt)
        for _ in 0..<repetitions { try measurement.runOnce() }
        row.append(median(measurement.promptTimes) * 1000)
      }
      rows.append(Row(cached: cached, milliseconds: row))
    }
  }

  func json() -> JSON {
    .array(
      rows.flatMap { row in
        zip(Self.prompts, row.milliseconds).map { prompt, time in
          ["cached": .integer(row.cached), "prompt": .integer(prompt), "ttft_ms": .number(time)]
        }
      })
  }

  func table() -> String {
    func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 9 - text.count)) + text }
    var text = "milliseconds to the first token, by new tokens and tokens in the cache\n"
    text += cell("cached") + Self.prompts.map { cell(String($0)) }.joined() + "\n"
    for row in rows {
      text += cell(String(row.cached))
      text += row.milliseconds.map { cell(String(format: "%.1f", $0)) }.joined() + "\n"
    }
    return text
  }
}
