import ArgumentParser
import Basics
import Compute
import Conversation
import Foundation
import Generation
import LocalEngine
import TerminalInterface
import Tokenization

/// `sotto generate`: generates text from a prompt, for pipes and scripts.
struct GenerateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Generate text from a prompt.",
    discussion: """
      Prints only the text of the answer. With --json it prints an object with the keys text, reasoning, tokens, \
      finish_reason, prompt_tokens, reused_tokens, ttft_ms, prompt_tps, generation_tps, drafted_tokens, \
      accepted_tokens, and with --logprobs logprobs.
      """)

  @Argument(
    help: "The file or folder of a model, or a name from 'sotto models' (default: the one in the settings).",
    completion: .model)
  var model: String?

  @Option(name: [.customShort("p"), .customLong("prompt")], help: "The prompt; '-' for standard input.")
  var prompt: String

  @Flag(help: "Do not apply the chat template to the prompt.")
  var raw = false

  @Option(help: "The system prompt.")
  var system: String?

  @Option(
    help: "A preset: a system prompt, settings and a model (see 'sotto chat --help').", completion: .preset)
  var preset: String?

  @Option(help: "Maximum number of tokens to generate.")
  var maxTokens = 2048

  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cache: CacheOptions
  @OptionGroup var speculation: SpeculationOptions

  @Flag(help: "Print one JSON object instead of the text.")
  var json = false

  @Option(
    name: .customLong("logprobs"),
    help: "With --json, the log probability of each token, and of this number of the most likely ones.")
  var logProbabilities: Int?

  @Flag(name: .shortAndLong, help: "Print the statistics on standard error after the answer.")
  var verbose = false

  func validate() throws {
    if maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1, not \(maxTokens)") }
    if let logProbabilities {
      guard json else { throw ValidationError("--logprobs requires --json") }
      guard (0...LogProbabilityText.most).contains(logProbabilities) else {
        throw ValidationError(
          "--logprobs must be a number from 0 to \(LogProbabilityText.most), not \(logProbabilities)")
      }
    }
    if raw, system != nil {
      throw ValidationError("--raw cannot be combined with --system, which requires the chat template")
    }
  }

  func run() async throws {
    let text = try Console.text(prompt)
    var settings = try UserSettings.load()
    settings.options = sampling.values
    try settings.use(preset: preset)
    let opened = try OpenedModel(named: model, settings)
    var presetSystem: String?
    if !raw, case .text(let text)? = settings.preset[.systemPrompt] { presetSystem = text }
    let turn = try opened.turn(text, system: system ?? presetSystem, raw: raw)
    var request = GenerationRequest(
      prompt: turn.prompt,
      sampling: settings.applied(to: opened.defaultSettings).sampling,
      maxTokens: maxTokens, stopStrings: raw ? [] : opened.stopStrings, thoughtLimit: turn.thoughtLimit)

    let generator = Generator(turnFile: TurnSignal.file())
    let key = try await compute.load(opened, cache.format, settings, in: generator)
    request.logProbabilities = logProbabilities
    request.speculation.usesLookup = speculation.lookup
    request.speculation.draft = try await loadDraft(for: opened, settings, in: generator)
    let cancellation = CancellationFlag()
    let interrupts = Interrupts { cancellation.cancel() }
    defer { interrupts.stop() }
    var result = GeneratedText(turn.reader)
    for await event in generator.generate(key, request, cancellation: cancellation) {
      let text = result.process(event)
      if !json { Console.show(text) }
    }
    if let failure = result.failure { throw CommandError("\(opened.checkpoint.name): \(failure)") }
    Console.out(json ? result.json(opened.tokenizer).text() + "\n" : "\n")
    if verbose { Console.note(result.statistics.summary) }
    if result.statistics.finishReason == .cancelled { throw ExitCode(130) }
  }

  /// Loads the draft model.
  /// - Returns: its key; nil for none.
  private func loadDraft(
    for opened: OpenedModel, _ settings: UserSettings, in generator: Generator
  ) async throws -> String? {
    guard let draft = try opened.draft(speculation.draft, settings) else { return nil }
    let (key, threads, format) = (draft.checkpoint.path, compute.threadCount(settings), cache.format)
    let device = compute.device(settings)
    _ = try await generator.load(key) {
      try draft.load(precision: .fast, threads: threads, cacheFormat: format, device: device)
    }
    return key
  }
}

/// The result of a generation, collected for `--json`.
struct GeneratedText {
  /// The answer.
  private(set) var text = ""
  private(set) var reasoning = ""
  private(set) var tokens: [Int32] = []
  private(set) var statistics = GenerationStatistics()
  private(set) var failure: String?
  private(set) var logProbabilities: [TokenLogProbabilities]?
  private var reader: ReplyReader

  init(_ reader: ReplyReader) { self.reader = reader }

  /// Processes an event.
  /// - Returns: the text that it adds to the answer.
  mutating func process(_ event: GenerationEvent) -> String {
    switch event {
    case .prefill: return ""
    case .logProbabilities(let token):
      logProbabilities = (logProbabilities ?? []) + [token]
      return ""
    case .token(let id, let piece):
      if id >= 0 { tokens.append(id) }
      return add(reader.process(id: id, text: piece))
    case .done(let statistics):
      self.statistics = statistics
      return add(reader.finish())
    case .failed(let message):
      failure = message
      return ""
    }
  }

  private mutating func add(_ pieces: [(channel: Channel, text: String)]) -> String {
    let answer = pieces.filter { $0.channel == .answer }.map(\.text).joined()
    text += answer
    reasoning += pieces.filter { $0.channel == .reasoning }.map(\.text).joined()
    return answer
  }

  /// The output for `--json`; times in milliseconds, rates in tokens per second.
  func json(_ tokenizer: Tokenizer) -> JSON {
    let members: JSON = [
      "text": .string(text),
      "reasoning": .string(reasoning),
      "tokens": .array(tokens.map { .integer(Int($0)) }),
      "finish_reason": .string(statistics.finishReason.rawValue),
      "prompt_tokens": .integer(statistics.promptTokens),
      "reused_tokens": .integer(statistics.reusedTokens),
      "ttft_ms": .number(statistics.timeToFirstToken * 1000),
      "prompt_tps": .number(statistics.promptRate),
      "generation_tps": .number(statistics.generationRate),
      "drafted_tokens": .integer(statistics.draftedTokens),
      "accepted_tokens": .integer(statistics.acceptedTokens),
    ]
    guard let logProbabilities, case .object(var object) = members else { return members }
    object["logprobs"] = LogProbabilityText.content(logProbabilities, tokenizer)
    return .object(object)
  }
}

extension GenerationStatistics {
  /// One line for `--verbose`.
  fileprivate var summary: String {
    String(
      format: "%d prompt tokens, first token after %.0f ms, %d tokens at %.1f tokens/s", promptTokens,
      timeToFirstToken * 1000, generatedTokens, generationRate)
      + (draftedTokens > 0 ? ", \(acceptedTokens) of \(draftedTokens) proposed tokens accepted" : "")
  }
}
