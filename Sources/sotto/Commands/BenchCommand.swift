import ArgumentParser
import Basics
import Checkpoints
import Compute
import Devices
import Foundation
import Generation
import LocalEngine
import Models
import TerminalInterface

/// `sotto bench`: measures speed, memory, and the share of the limits of the machine.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the speed of a model, or of a full-size shape with random weights.",
    discussion: """
      The results are medians of the repetitions. The limits of the machine are measured in the same run: 8-bit \
      integer dot products for the prompt, memory bandwidth for generation. Shapes: \
      \(SyntheticShape.all.map(\.name).joined(separator: ", ")).
      """)

  @Argument(
    help: "The file or folder of a model, or a name from 'sotto models' (default: the one in the settings).",
    completion: .model)
  var model: String?

  @Option(help: "A full-size shape with random weights, instead of a model.")
  var synthetic: String?

  @Option(help: "Number of layers of the synthetic shape (default: that of the model).")
  var layers: Int?

  @Option(help: "Number of cached tokens before the prompt; their prefill is not measured.")
  var cached = 0

  @Option(help: "Number of prompt tokens (default: 512; with --batch 100).")
  var prompt: Int?

  @Option(help: "Number of tokens to generate (default: 64; with --batch 100).")
  var generate: Int?

  @Option(help: "Temperature for sampling; 0 selects the most likely token.")
  var temperature: Float = 0

  @Option(help: "Seed for sampling.")
  var seed: UInt64 = 0

  @Flag(
    help: "Also measure sampling from all tokens (temperature 1, top-p 1, top-k 0), alternating with greedy.")
  var sampled = false

  @Option(name: .customLong("repeat"), help: "Number of repetitions.")
  var repetitions = 3

  @Flag(
    help: "Measure processor time, not elapsed time: other programs affect it less. Requires --threads 1.")
  var cpuTime = false

  @Option(
    help:
      "Numbers of tokens, such as 1,2,3,4,5,8; measures what a pass of as many costs relative to one token.")
  var rows: String?

  @Flag(help: "Measure the time to the first token for 1 to 512 tokens after 0, 1,000 and 8,000 cached ones.")
  var curve = false

  @Flag(help: "Measure prompt speed and memory at 1,000, 4,000, 10,000 and 32,000 tokens.")
  var positions = false

  @Flag(help: "Run a conversation (turns, edits, switches, drafts) and print the prefill of each turn.")
  var conversation = false

  @Option(help: "Number of turns of the conversation before the edits.")
  var turns = 20

  @Option(help: "Number of tokens of each message of the conversation.")
  var message = 40

  @Option(help: "Number of tokens of each answer of the conversation.")
  var answer = 200

  @Option(help: "Measure a cold start, without caches, for every Nth turn of the conversation.")
  var coldEvery = 1

  @Option(
    help: "Numbers of requests that run together, such as 1,8,16; each is compared with requests in turn.")
  var batch: String?

  @Option(name: .customLong("switch"), help: "Another model; measures switches between the two.", completion: .model)
  var other: String?

  @Option(help: "Number of switches between the two models.")
  var times = 200

  @Flag(help: "Keep only one of the two models in memory.")
  var evict = false

  @OptionGroup var speculation: SpeculationBenchOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var cache: CacheOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if model != nil, synthetic != nil {
      throw ValidationError("specify either a model or --synthetic with a shape")
    }
    if other != nil, model == nil { throw ValidationError("--switch requires a model") }
    if cpuTime, compute.threadCount != 1 { throw ValidationError("--cpu-time requires --threads 1") }
    if layers != nil, synthetic == nil { throw ValidationError("--layers requires --synthetic") }
    try speculation.validate(isSynthetic: synthetic != nil)
    if let layers, !(1...4096).contains(layers) {
      throw ValidationError("--layers must be a number from 1 to 4096, not \(layers)")
    }
    // The limit prevents overflows of sums; the context length is checked after the model is opened.
    func check(_ name: String, _ value: Int, from minimum: Int) throws {
      guard (minimum...1_000_000_000).contains(value) else {
        throw ValidationError("--\(name) must be a number from \(minimum) to 1000000000, not \(value)")
      }
    }
    try check("cached", cached, from: 0)
    try check("prompt", promptCount, from: 1)
    try check("generate", generateCount, from: 0)
    try check("repeat", repetitions, from: 1)
    guard temperature >= 0, temperature.isFinite else {
      throw ValidationError("--temperature must be at least 0, not \(temperature)")
    }
    if rows != nil, Self.sizes(rows) == nil {
      throw ValidationError("--rows must be a list of numbers from 1 to 256, such as 1,2,4,8")
    }
    if batch != nil, batchSizes == nil {
      throw ValidationError("--batch must be a list of numbers from 1 to 256, such as 1,8,16")
    }
    try check("times", times, from: 2)
    try check("turns", turns, from: 1)
    try check("message", message, from: 1)
    try check("answer", answer, from: 2)
    try check("cold-every", coldEvery, from: 1)
  }

  mutating func run() async throws {
    if model == nil, synthetic == nil {
      let settings = try UserSettings.load()
      let finder = ModelFinder.from(settings)
      guard let choice = try? NamedModel(nil, settings, finder) else {
        throw ValidationError("specify either a model or --synthetic with a shape")
      }
      do { _ = try finder.resolve(choice.name) } catch { throw choice.explained(error) }
      model = choice.name
    }
    try await measure()
  }

  private func measure() async throws {
    if let other, let model {
      let bench = SwitchBench(
        first: model, second: other, times: times, evicts: evict, threads: compute.threadCount,
        device: compute.device)
      let result = try await bench.run(note)
      return Console.out(json ? result.json().text(.pretty) + "\n" : result.table())
    }
    if conversation { return try await runConversation() }
    if let best = speculation.best { return try await runBest(best) }
    if speculation.isWanted { return try await runSpeculation() }
    if let batchSizes { return try await runBatches(batchSizes) }
    let made = try choice.backend(compute.device, threads: compute.threadCount, cache.format)
    if let notice = made.notice { note(notice) }
    let backend = made.backend
    let model = try makeModel(backend)
    if curve {
      let measured = try SpeedCurve(model: model, backend: backend, repetitions: repetitions, note: note)
      return Console.out(json ? measured.json().text(.pretty) + "\n" : measured.table())
    }
    if positions {
      let bench = try PositionBench(
        synthetic ?? self.model ?? "", model: model, backend: backend, fileBytes: try choice.fileBytes,
        threads: compute.threadCount, clock: clock, note: note)
      return Console.out(json ? bench.json().text(.pretty) + "\n" : bench.table())
    }
    if let sizes = Self.sizes(rows) {
      let bench = RowsBench(
        name: synthetic ?? self.model ?? "", threads: compute.threadCount, model: model, backend: backend,
        clock: clock)
      let measured = try bench.run(sizes, cached: prompt ?? 100, repetitions: repetitions)
      return Console.out(json ? bench.json(measured).text(.pretty) + "\n" : bench.table(measured))
    }
    let (tokens, context) = (cached + promptCount + generateCount, model.facts.contextLength)
    guard tokens <= context else {
      throw CommandError("\(tokens) tokens exceed the model's context of \(context)")
    }
    var measurement = try SpeedMeasurement(
      model: model, backend: backend, cached: cached, prompt: promptCount, generate: generateCount,
      sampling: SamplingSettings(temperature: temperature, topP: 1, topK: 0, minP: 0, seed: seed),
      alternative: sampled
        ? SamplingSettings(temperature: 1, topP: 1, topK: 0, minP: 0, seed: seed) : nil,
      clock: clock)
    for round in 1...repetitions {
      note("round \(round) of \(repetitions)")
      try measurement.runOnce()
    }
    let report = BenchReport(
      name: synthetic ?? self.model ?? "", threads: compute.threadCount, device: made.name,
      measurement: measurement, peakMemory: peakResidentMemory(),
      limits: (backend as? CPUBackend)?.measureLimits())
    Console.out(json ? report.json().text(.pretty) + "\n" : report.table())
  }

  private func runConversation() async throws {
    let (choice, threads, isQuiet) = (try choice, compute.threadCount, json)
    let (format, device) = (cache.format, compute.device)
    let bench = ConversationBench(
      name: synthetic ?? model ?? "", turns: turns, message: message, answer: answer, coldEvery: coldEvery,
      note: { if !isQuiet { Console.note($0) } },
      make: { try choice.loaded(device, threads: threads, format) },
      makeOther: {
        try ModelChoice(path: nil, synthetic: "smollm2-135m", layers: 4).loaded(device, threads: threads, nil)
      })
    let result = try await bench.run()
    Console.out(json ? bench.json(result).text(.pretty) + "\n" : bench.table(result))
  }

  private var clock: BenchClock { cpuTime ? .processor : .elapsed }
  private var promptCount: Int { prompt ?? (batch == nil ? 512 : 100) }
  private var generateCount: Int { generate ?? (batch == nil ? 64 : 100) }

  /// The numbers of --batch; nil without the option or if it is invalid.
  private var batchSizes: [Int]? { Self.sizes(batch) }

  private static func sizes(_ list: String?) -> [Int]? {
    let sizes = list?.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard let sizes, !sizes.isEmpty, sizes.allSatisfy((1...256).contains) else { return nil }
    return sizes
  }

  private func runBatches(_ sizes: [Int]) async throws {
    let (choice, threads, isQuiet, format) = (try choice, compute.threadCount, json, cache.format)
    let device = compute.device
    let bench = BatchBench(
      name: synthetic ?? model ?? "", sizes: sizes, prompt: promptCount, generate: max(generateCount, 1),
      threads: threads,
      note: { if !isQuiet { Console.note($0) } },
      make: { try choice.loaded(device, threads: threads, format) })
    let rows = try await bench.run()
    Console.out(json ? bench.json(rows).text(.pretty) + "\n" : bench.table(rows))
  }

  private func runBest(_ count: Int) async throws {
    let (choice, threads, isQuiet, format) = (try choice, compute.threadCount, json, cache.format)
    let device = compute.device
    let opened = try model.map { try OpenedModel(named: $0, UserSettings.load()) }
    let bench = BestBench(
      name: synthetic ?? model ?? "", count: count, prompt: prompt ?? 100, opened: opened,
      generate: generate ?? 100, repetitions: repetitions, threads: threads,
      note: { if !isQuiet { Console.note($0) } },
      make: {
        try opened?.load(precision: .fast, threads: threads, cacheFormat: format, device: device)
          ?? choice.loaded(device, threads: threads, format)
      })
    let result = try await bench.run()
    Console.out(json ? bench.json(result).text(.pretty) + "\n" : bench.table(result))
  }

  private func runSpeculation() async throws {
    let (choice, threads, isQuiet, format) = (try choice, compute.threadCount, json, cache.format)
    let device = compute.device
    let note: @Sendable (String) -> Void = { if !isQuiet { Console.note($0) } }
    let opened = try model.map { try OpenedModel(named: $0, UserSettings.load()) }
    let bench = SpeculationBench(
      name: synthetic ?? model ?? "", works: try SpeculationBench.works(opened, seed: seed),
      generate: generate ?? (opened == nil ? 128 : 600), repetitions: repetitions, threads: threads,
      speculation: speculation.settings, note: note,
      make: {
        try opened?.load(precision: .fast, threads: threads, cacheFormat: format, device: device)
          ?? choice.loaded(device, threads: threads, format)
      }, makeDraft: try speculation.makeDraft(for: opened, on: device, threads: threads, format))
    let rows = try await bench.run()
    Console.out(json ? bench.json(rows).text(.pretty) + "\n" : bench.table(rows))
  }

  /// Prints progress, except with --json.
  private func note(_ text: String) {
    if !json { Console.note(text) }
  }

  private var choice: ModelChoice {
    get throws {
      ModelChoice(
        path: try model.map { try ModelFinder.from(UserSettings.load()).resolve($0) }, synthetic: synthetic,
        layers: layers)
    }
  }

  private func makeModel(_ backend: any Backend) throws -> any LanguageModel {
    if let synthetic { note("generating the weights of \(synthetic)") }
    return try choice.model(backend)
  }
}
