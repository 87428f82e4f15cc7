import Foundation
import Tokenization

// Measures a tokenizer on texts, in thread CPU time, and prints a line of JSON for each:
//     tokenizer-benchmark MODEL TEXT... [--rounds N] [--cache FOLDER]
// compare.py runs it beside tiktoken and prints ratios.

/// The CPU time of this thread in nanoseconds.
func threadTime() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The times of `rounds` calls in nanoseconds, ascending.
/// - Parameter prepare: makes the input of a call; not measured.
func measure<Input>(
  _ rounds: Int, with prepare: () throws -> Input, _ body: (Input) throws -> Void
) rethrows -> [UInt64] {
  var times: [UInt64] = []
  for _ in 0..<rounds {
    let input = try prepare()
    let start = threadTime()
    try body(input)
    times.append(threadTime() - start)
  }
  return times.sorted()
}

/// The FNV-1a hash of the ids as 32-bit little-endian words, to compare them without printing them.
func digest(_ ids: [Int32]) -> String {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for id in ids {
    for shift in [0, 8, 16, 24] as [Int32] {
      hash = (hash ^ UInt64(truncatingIfNeeded: id >> shift & 0xFF)) &* 0x100_0000_01B3
    }
  }
  return String(hash, radix: 16)
}

var arguments = Array(CommandLine.arguments.dropFirst())
@MainActor func option(_ name: String) -> String? {
  guard let position = arguments.firstIndex(of: name), position + 1 < arguments.count else { return nil }
  defer { arguments.removeSubrange(position...position + 1) }
  return arguments[position + 1]
}
let rounds = max(1, option("--rounds").flatMap(Int.init) ?? 5)
let cacheFolder =
  option("--cache") ?? FileManager.default.temporaryDirectory.path + "/sotto-tokenizer-benchmark"
guard arguments.count >= 2 else {
  print("usage: tokenizer-benchmark MODEL TEXT... [--rounds N] [--cache FOLDER]")
  exit(2)
}

do {
  let model = arguments.removeFirst()
  let cache = VocabularyCache(folder: cacheFolder)
  let compiling = try measure(1, with: {}) { _ = try Tokenizer.load(path: model, cache: nil) }
  _ = try Tokenizer.load(path: model, cache: cache)
  let loading = try measure(rounds, with: {}) { _ = try Tokenizer.load(path: model, cache: cache) }
  let tokenizer = try Tokenizer.load(path: model, cache: cache)
  for file in arguments {
    let text = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
    var ids: [Int32] = []
    // A new tokenizer for each round: a tokenizer caches pieces.
    let times = try measure(rounds, with: { try Tokenizer.load(path: model, cache: cache) }) {
      ids = $0.encode(text, addSpecial: false, parseSpecial: false)
    }
    var decoded = ""
    let decoding = measure(rounds, with: {}) { decoded = tokenizer.decode(ids, skipSpecial: false) }
    let seconds = Double(times[rounds / 2]) / 1e9
    let result: [String: Any] = [
      "file": file, "bytes": text.utf8.count, "tokens": ids.count, "digest": digest(ids),
      "seconds": seconds, "fastest_seconds": Double(times[0]) / 1e9,
      "decode_seconds": Double(decoding[rounds / 2]) / 1e9,
      "round_trips": decoded == text, "load_ms": Double(loading[rounds / 2]) / 1e6,
      "compile_ms": Double(compiling[0]) / 1e6,
    ]
    let line = try JSONSerialization.data(
      withJSONObject: result, options: [.sortedKeys, .withoutEscapingSlashes])
    print(String(decoding: line, as: UTF8.self))
  }
} catch {
  print("tokenizer-benchmark: \(error)")
  exit(1)
}
