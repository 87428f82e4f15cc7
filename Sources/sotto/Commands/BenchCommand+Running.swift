import Checkpoints
import Compute
import Generation
import LocalEngine
import Models
import TerminalInterface

// What `sotto bench` runs.
extension BenchCommand {
  /// Measures what the options select, and prints the result.
  func measure() async throws {
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

  private var clock: BenchClock { cpuTime ? .processor : .elapsed }

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
