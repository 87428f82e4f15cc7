import Basics
import Compute
import Foundation
import Models

/// Times to the first token over the number of new tokens, behind caches of several lengths: what a turn of a
/// conversation costs. The model is made once; a cache is read once for all prompts behind it.
struct SpeedCurve {
  /// A row of the table: medians in milliseconds, one for each of `SpeedCurve.prompts`.
  struct Row {
    let cached: Int
    let milliseconds: [Double]
  }

  static let prompts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
  static let caches = [0, 1000, 8000]

  private(set) var rows: [Row] = []

  /// Measures, for caches that leave room for the longest prompt in the model's context.
  /// - Parameter note: told of every cache before it is read.
  init(model: any LanguageModel, backend: any Backend, repetitions: Int, note: (String) -> Void) throws {
    let longest = Self.prompts.last ?? 1
    for cached in Self.caches where cached + longest <= model.facts.contextLength {
      note("behind a cache of \(cached) tokens")
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
