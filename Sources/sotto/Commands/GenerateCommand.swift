import ArgumentParser
import Checkpoints
import Compute
import Foundation
import Generation

/// `sotto generate`: text from a prompt, for pipes and scripts.
struct GenerateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Generate text from a prompt.",
    discussion: """
      Standard output carries the text alone. With --json it is one object: text, tokens, finish_reason, \
      prompt_tokens, reused_tokens, ttft_ms, prompt_tps, generation_tps.
      """)

  @Argument(help: "A model's file or folder, or a name that 'sotto models' lists.")
  var model: String

  @Option(name: [.customShort("p"), .customLong("prompt")], help: "The prompt; '-' reads standard input.")
  var prompt: String

  @Flag(help: "Give the prompt to the model as it is, without the chat template.")
  var raw = false

  @Option(help: "The system message.")
  var system: String?

  @Option(help: "Tokens to generate at the most.")
  var maxTokens = 2048

  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print one JSON object instead of the text.")
  var json = false

  func validate() throws {
    if maxTokens < 1 { throw ValidationError("--max-tokens takes a number from 1 on, not \(maxTokens)") }
    if raw, system != nil { throw ValidationError("--raw applies no template, so --system has no place in it") }
  }

  func run() async throws {
    let text = try Console.text(prompt)
    let opened = try OpenedModel(named: model)
    let request = GenerationRequest(
      prompt: try opened.prompt(text, system: system, raw: raw),
      sampling: SamplingSettings(
        temperature: sampling.temperature, topP: sampling.topP, topK: sampling.topK, minP: sampling.minP,
        repetitionPenalty: sampling.repetitionPenalty, seed: sampling.seed),
      maxTokens: maxTokens)

    let generator = Generator()
    let key = opened.checkpoint.path
    let threads = compute.threadCount
    _ = try await generator.load(key) { try opened.load(precision: .fast, threads: threads) }
    let cancellation = CancellationFlag()
    let interrupts = Interrupts { cancellation.cancel() }
    defer { interrupts.stop() }
    var result = GeneratedText()
    for await event in generator.generate(key, request, cancellation: cancellation) {
      result.take(event)
      if !json, case .token(_, let text) = event { Console.out(text) }
    }
    if let failure = result.failure { throw CommandError("\(opened.checkpoint.name): \(failure)") }
    Console.out(json ? result.json().text() + "\n" : "\n")
    if result.statistics.finishReason == .cancelled { throw ExitCode(130) }
  }
}

/// What a generation gave, collected for `--json`.
struct GeneratedText {
  private(set) var text = ""
  private(set) var tokens: [Int32] = []
  private(set) var statistics = GenerationStatistics()
  private(set) var failure: String?

  mutating func take(_ event: GenerationEvent) {
    switch event {
    case .prefill: break
    case .token(let id, let piece):
      text += piece
      if id >= 0 { tokens.append(id) }
    case .done(let statistics): self.statistics = statistics
    case .failed(let message): failure = message
    }
  }

  /// The object that `--json` prints; times in milliseconds, rates in tokens a second.
  func json() -> JSON {
    [
      "text": .string(text),
      "tokens": .array(tokens.map { .integer(Int($0)) }),
      "finish_reason": .string(statistics.finishReason.rawValue),
      "prompt_tokens": .integer(statistics.promptTokens),
      "reused_tokens": .integer(statistics.reusedTokens),
      "ttft_ms": .number(statistics.timeToFirstToken * 1000),
      "prompt_tps": .number(statistics.promptRate),
      "generation_tps": .number(statistics.generationRate),
    ]
  }
}
