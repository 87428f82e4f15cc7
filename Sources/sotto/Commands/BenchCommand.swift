import ArgumentParser
import Basics
import Checkpoints
import Compute
import Foundation
import Generation
import LocalEngine
import Models

/// `sotto bench`: speed, memory, and the share of the machine's limits that was reached.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a model's speed, or that of a full-size shape with made-up weights.",
    discussion: """
      Medians over the repetitions. The limits are measured in the same run: 8-bit integer dot products for \
      the prompt, reading memory for generation. Shapes: \
      \(SyntheticShape.all.map(\.name).joined(separator: ", ")).
      """)

  @Argument(help: "A model's file or folder, or a name that 'sotto models' lists.")
  var model: String?

  @Option(help: "A full-size shape with made-up weights, in place of a model.")
  var synthetic: String?

  @Option(help: "Layers of the synthetic shape (default: as many as the model has).")
  var layers: Int?

  @Option(help: "Tokens that are in the cache before the prompt; reading them is not timed.")
  var cached = 0

  @Option(help: "Tokens of the prompt.")
  var prompt = 512

  @Option(help: "Tokens to generate behind the prompt.")
  var generate = 64

  @Option(help: "Temperature at which tokens are sampled; 0 takes the likeliest.")
  var temperature: Float = 0

  @Option(help: "Seed of the samples.")
  var seed: UInt64 = 0

  @Option(name: .customLong("repeat"), help: "Repetitions.")
  var repetitions = 3

  @Flag(help: "Times to the first token for 1 to 512 new tokens behind caches of 0, 1,000 and 8,000.")
  var curve = false

  @Flag(help: "Play a conversation (turns, edits, switches, drafts) and print what each turn reads.")
  var conversation = false

  @Option(help: "Turns of the conversation before edits begin.")
  var turns = 20

  @Option(help: "Tokens of each message of the conversation.")
  var message = 40

  @Option(help: "Tokens of each answer of the conversation.")
  var answer = 200

  @Option(help: "Measure a cold start for every Nth turn of the conversation; it reads everything anew.")
  var coldEvery = 1

  @Option(name: .customLong("switch"), help: "Another model: switch to and fro as the chat does.")
  var other: String?

  @Option(help: "Switches between the two models.")
  var times = 200

  @Flag(help: "Let only one of the two models stay in memory.")
  var evict = false

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cache: CacheOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard (model == nil) != (synthetic == nil) else {
      throw ValidationError("give either a model or --synthetic with one of the shapes")
    }
    if other != nil, model == nil { throw ValidationError("--switch goes with a model's file") }
    if layers != nil, synthetic == nil { throw ValidationError("--layers goes with --synthetic") }
    if let layers, !(1...4096).contains(layers) { throw ValidationError("--layers takes 1 to 4096") }
    // A sum of such numbers cannot overflow; the model's context is checked when it is known.
    func check(_ name: String, _ value: Int, from least: Int) throws {
      guard (least...1_000_000_000).contains(value) else {
        throw ValidationError("--\(name) takes a number from \(least) on, not \(value)")
      }
    }
    try check("cached", cached, from: 0)
    try check("prompt", prompt, from: 1)
    try check("generate", generate, from: 0)
    try check("repeat", repetitions, from: 1)
    guard temperature >= 0, temperature.isFinite else {
      throw ValidationError("--temperature takes a number from 0 on, not \(temperature)")
    }
    try check("times", times, from: 2)
    try check("turns", turns, from: 1)
    try check("message", message, from: 1)
    try check("answer", answer, from: 2)
    try check("cold-every", coldEvery, from: 1)
  }

  func run() async throws {
    if let other, let model {
      let bench = SwitchBench(
        first: model, second: other, times: times, evicts: evict, threads: compute.threadCount)
      let result = try await bench.run(note)
      return Console.out(json ? result.json().text(.pretty) + "\n" : result.table())
    }
    if conversation { return try await runConversation() }
    let backend = CPUBackend(precision: .fast, threads: compute.threadCount, cacheFormat: cache.format)
    let model = try makeModel(backend)
    if curve {
      let measured = try SpeedCurve(model: model, backend: backend, repetitions: repetitions, note: note)
      return Console.out(json ? measured.json().text(.pretty) + "\n" : measured.table())
    }
    let (tokens, context) = (cached + prompt + generate, model.facts.contextLength)
    guard tokens <= context else {
      throw CommandError("\(tokens) tokens do not fit the model's context of \(context)")
    }
    var measurement = try SpeedMeasurement(
      model: model, backend: backend, cached: cached, prompt: prompt, generate: generate,
      sampling: SamplingSettings(temperature: temperature, topP: 1, topK: 0, minP: 0, seed: seed))
    for round in 1...repetitions {
      note("round \(round) of \(repetitions)")
      try measurement.runOnce()
    }
    let report = BenchReport(
      name: synthetic ?? self.model ?? "", threads: compute.threadCount, measurement: measurement,
      peakMemory: peakResidentMemory(), limits: backend.measureLimits())
    Console.out(json ? report.json().text(.pretty) + "\n" : report.table())
  }

  private func runConversation() async throws {
    let (choice, threads, isQuiet) = (try choice, compute.threadCount, json)
    let format = cache.format
    let bench = ConversationBench(
      name: synthetic ?? model ?? "", turns: turns, message: message, answer: answer, coldEvery: coldEvery,
      note: { if !isQuiet { Console.note($0) } }, make: { try choice.loaded(threads: threads, format) })
    let result = try await bench.run(threads: threads)
    Console.out(json ? bench.json(result).text(.pretty) + "\n" : bench.table(result))
  }

  /// What is going on, for people only.
  private func note(_ text: String) {
    if !json { Console.note(text) }
  }

  private var choice: ModelChoice {
    get throws {
      ModelChoice(
        path: try model.map { try ModelFinder.fromSettings().resolve($0) }, synthetic: synthetic,
        layers: layers)
    }
  }

  private func makeModel(_ backend: CPUBackend) throws -> any LanguageModel {
    if let synthetic { note("making up the weights of \(synthetic)") }
    return try choice.model(backend)
  }
}

/// What is measured: a model's file, or a full-size shape with made-up weights.
private struct ModelChoice: Sendable {
  let path: String?
  let synthetic: String?
  let layers: Int?

  func model(_ backend: any Backend) throws -> any LanguageModel {
    if let synthetic { return try SyntheticShape.named(synthetic, layers: layers).model(backend: backend) }
    return try Registry.model(Checkpoint.open(path ?? ""), backend: backend)
  }

  /// The model for prompts of token ids.
  func loaded(threads: Int, _ format: CacheFormat?) throws -> LoadedModel {
    let backend = CPUBackend(precision: .fast, threads: threads, cacheFormat: format)
    return LoadedModel(model: try model(backend), tokenizer: nil, backend: backend, bytes: 0)
  }
}
