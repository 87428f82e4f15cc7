import Conversation
import TerminalInterface
#if canImport(Glibc)
  import Glibc
#endif

actor DemoEngine: ChatEngine {
  var current: ModelInfo?
  nonisolated let flag = Flag()
  func models() async -> [ModelSummary] {
    [ModelSummary(name: "SmolLM2-135M-Instruct", bytes: 98_362_432, quantisation: "Q4_1", isResident: current?.name == "SmolLM2-135M-Instruct"),
     ModelSummary(name: "gemma-3-270m", bytes: 253_000_000, quantisation: "Q4_K_M", isResident: current?.name == "gemma-3-270m"),
     ModelSummary(name: "gpt-oss-20b", bytes: 12_100_000_000, quantisation: "MXFP4", isResident: false)]
  }
  func currentModel() async -> ModelInfo? { current }
  func switchModel(to name: String) async throws -> ModelInfo {
    try await Task.sleep(for: .milliseconds(600))
    if name == "gpt-oss-20b" { throw DemoError() }
    let info = ModelInfo(name: name, quantisation: "Q4_1", contextLength: 8192, efforts: ["low", "medium", "high"])
    current = info
    return info
  }
  func defaultSettings() async -> ChatSettings { ChatSettings() }
  nonisolated func send(_ request: ChatRequest) -> AsyncStream<EngineEvent> {
    flag.set(false)
    let flag = flag
    return AsyncStream { continuation in
      let task = Task.detached {
        let last = request.messages.last?.content ?? ""
        let total = 400
        for done in stride(from: 100, through: total, by: 50) {
          if flag.get() { continuation.yield(.finished(.cancelled, TurnStatistics())); continuation.finish(); return }
          continuation.yield(.prefill(done: done, total: total, reused: 100))
          try? await Task.sleep(for: .milliseconds(last == "slow" ? 500 : 60))
        }
        var text = last == "long" ? (0..<3000).map { "Line \($0) of a long answer with some words in it.\n\n" }.joined() : answer
        if last == "echo" { text = request.messages.map(\.content).joined(separator: "\n") }
        var stats = TurnStatistics(promptTokens: total, reusedTokens: 100, generatedTokens: 0, timeToFirstToken: 0.41, contextUsed: total)
        for word in reasoning.split(separator: " ", omittingEmptySubsequences: false) {
          if flag.get() { break }
          continuation.yield(.delta(.reasoning, String(word) + " "))
          try? await Task.sleep(for: .milliseconds(20))
        }
        var rest = text[...]
        if last == "huge" {
          for i in 0..<60000 { if flag.get() { break }; continuation.yield(.delta(.answer, "Line \(i) of a *long* answer with `some` words in it, and more.\n" + (i % 3 == 0 ? "\n" : ""))); if i % 100 == 0 { try? await Task.sleep(for: .milliseconds(5)) } }
          continuation.yield(.finished(.stop, stats)); continuation.finish(); return
        }
        while !rest.isEmpty {
          if flag.get() { continuation.yield(.finished(.cancelled, stats)); continuation.finish(); return }
          let piece = rest.prefix(4); rest = rest.dropFirst(4)
          stats.generatedTokens += 1; stats.contextUsed += 1; stats.tokensPerSecond = 128.3
          continuation.yield(.delta(.answer, String(piece)))
          continuation.yield(.progress(stats))
          try? await Task.sleep(for: .milliseconds(last == "long" ? 1 : 8))
        }
        continuation.yield(.finished(.stop, stats)); continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
  func cancel() async { flag.set(true) }
}
struct DemoError: Error, CustomStringConvertible { var description: String { "gpt-oss-20b.safetensors: file is truncated at byte 4096; download it again" } }
final class Flag: @unchecked Sendable { var v = false; func set(_ x: Bool) { v = x }; func get() -> Bool { v } }
let reasoning = "The person asks for a demonstration. I should show headings, lists, code, a table and some emoji so that widths can be checked in the terminal."
let answer = """
# Sotto voce

*Sotto voce* means **in a quiet voice** — with `inline code`, a [link](https://example.org/a) and https://swift.org.

- one item that is long enough to wrap on a screen of eighty columns because it goes on and on and on
- two
  - nested
1. first
2. second

> A quote that says something wise about terminals and emoji.

```swift
func greet(_ name: String) -> String {
  // say hello
  let count = 42
  return "Hello, \\(name)!" // ok
}
```

| Model | Size | Speed |
|:------|-----:|:-----:|
| SmolLM2 | 98 MB | **128** |
| Gemma 3 | 253 MB | 61 |

Wide: 漢字とカナ、한국어, emoji 👨‍👩‍👧 👍🏽 🇩🇪 ❤️ 1️⃣ 🫨 x, combining e\u{301}a\u{308}, Arabic مرحبا, hostile \u{1B}[31mred\u{07}.

Done.
"""
var env: [String: String] = [:]
for name in ["TERM", "COLORTERM", "NO_COLOR", "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] { if let v = getenv(name) { env[name] = String(cString: v) } }
var options = ChatOptions(environment: env)
options.model = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "SmolLM2-135M-Instruct"
exit(await runChat(engine: DemoEngine(), options: options))
