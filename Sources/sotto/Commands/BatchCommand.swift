import ArgumentParser
import Basics
import Conversation
import Foundation
import Generation
import LocalEngine
import TerminalInterface

/// `sotto batch`: answers the requests of a file, many at a time.
struct BatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch",
    abstract: "Answer many requests from a file, several at a time.",
    discussion: """
      The input has one JSON object per line: id, prompt (with an optional system prompt) or messages, and \
      optionally max_tokens, stop, temperature, top_p, top_k, min_p, repetition_penalty, presence_penalty, \
      frequency_penalty, logit_bias, seed, reasoning_effort, logprobs, top_logprobs. Lines in the format of OpenAI's batch files are \
      answered in that format. Answers are written as they are complete: id, text, reasoning, finish_reason, \
      prompt_tokens, reused_tokens, generated_tokens. A line that can't be used is reported with its number, and the \
      others continue. An answer does not depend on the requests that run with it. A batch pauses while 'sotto chat' or \
      'sotto generate' of the same user answers.
      """)

  @Argument(
    help: "The file or folder of a model, or a name from 'sotto models' (default: the one in the settings).",
    completion: .model)
  var model: String?

  @Option(
    name: [.customShort("i"), .customLong("input")],
    help: "The file with the requests; '-' for standard input.")
  var input: String

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: "The file for the answers; '-' for standard output.")
  var output: String

  @Option(help: "The largest number of requests that run together.")
  var maxBatch = 16

  @Flag(help: "Keep the answers in the output file and answer only what is missing.")
  var resume = false

  @Flag(help: "Do not apply the chat template to prompts.")
  var raw = false

  @Option(help: "Maximum number of tokens to generate, for requests without max_tokens.")
  var maxTokens = 2048

  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cache: CacheOptions

  func validate() throws {
    if !(1...256).contains(maxBatch) {
      throw ValidationError("--max-batch must be a number from 1 to 256, not \(maxBatch)")
    }
    if maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1, not \(maxTokens)") }
    if resume, output == "-" { throw ValidationError("--resume requires an output file") }
    if input != "-", output != "-", FileSystem.canonical(input) == FileSystem.canonical(output) {
      throw ValidationError("--input and --output are the same file")
    }
  }

  func run() async throws {
    let lines = try LineReader(input)
    var settings = try UserSettings.load()
    settings.options = sampling.values
    let opened = try OpenedModel(named: model, settings)
    let target = try LineOutput(output, resumes: resume)
    let defaults = settings.applied(to: opened.defaultSettings).sampling
    let generator = Generator(limits: GeneratorLimits(batch: maxBatch), turnFile: TurnSignal.file())
    let key = try await compute.load(opened, cache.format, settings, in: generator)
    let cancellation = CancellationFlag()
    let interrupts = Interrupts { cancellation.cancel() }
    defer { interrupts.stop() }
    let progress = BatchProgress(total: lines.total)
    let bar = Task { await progress.show() }
    var batch = Batch(
      opened: opened, generator: generator, key: key, defaults: defaults, maxTokens: maxTokens, isRaw: raw,
      cancellation: cancellation, progress: progress, done: target.done)
    let failure: (any Error)?
    do {
      try await batch.run(lines, window: 2 * maxBatch) { try target.write($0) }
      failure = nil
    } catch { failure = error }
    bar.cancel()
    await bar.value
    Console.note(progress.summary)
    if let failure { throw failure }
    if cancellation.isCancelled { throw ExitCode(130) }
    if progress.failed > 0 { throw ExitCode(1) }
  }
}
