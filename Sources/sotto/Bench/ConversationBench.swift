import Basics
import Foundation
import Generation

/// `sotto bench --conversation`: runs a scripted conversation and prints the prefill of each turn.
struct ConversationBench {
  let name: String
  let turns: Int
  let message: Int
  let answer: Int
  /// The interval in turns at which cold starts are measured.
  let coldEvery: Int
  let note: @Sendable (String) -> Void
  /// Creates the measured model.
  let make: @Sendable () throws -> sending LoadedModel
  /// Creates a small model for the switches.
  let makeOther: @Sendable () throws -> sending LoadedModel

  /// The tokens of the draft with speculative prefill, and of the long message to compare with.
  static let draft = 400

  /// The measurements.
  struct Result {
    let turns: [ConversationTurn]
    /// The size of the prompt cache at the end in bytes.
    let cacheBytes: Int
  }

  func run() async throws -> Result {
    let folder = NSTemporaryDirectory() + "/sotto-bench-\(ProcessInfo.processInfo.processIdentifier)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let generator = Generator(store: CacheStore(folder: folder, limit: 1 << 40))
    let facts = try await generator.load("measured", make)
    let otherFacts = try await generator.load("other", makeOther)
    let tokens = (turns + 10) * (message + answer) + 5 * Self.draft
    guard tokens < facts.contextLength, tokens < otherFacts.contextLength else {
      throw CommandError(
        "the conversation has about \(tokens) tokens, more than the context of the model; use fewer --turns")
    }
    var script = ConversationScript(
      generator: generator, key: "measured", otherKey: "other",
      vocabularyCount: min(facts.vocabularyCount, otherFacts.vocabularyCount), message: message,
      answer: answer, draft: Self.draft, coldEvery: coldEvery, note: note)
    try await script.run(turns: turns)
    return Result(turns: script.turns, cacheBytes: generator.cacheHoldings().held)
  }

  func json(_ result: Result) -> JSON {
    [
      "model": .string(name), "message": .integer(message), "answer": .integer(answer),
      "cache_bytes": .integer(result.cacheBytes), "turns": .array(result.turns.map { $0.json() }),
    ]
  }

  func table(_ result: Result) -> String {
    "\(name): messages of \(message) tokens, answers of \(answer)\n" + ConversationTurn.table(result.turns)
      + "prompt cache: \(String(format: "%.1f MB", Double(result.cacheBytes) / 1e6))\n"
  }
}
