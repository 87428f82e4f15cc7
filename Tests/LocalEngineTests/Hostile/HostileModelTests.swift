import Basics
import Foundation
import Generation
import LocalEngine
import Synchronization
import TestSupport
import Testing

/// Damaged whole models through opening, rendering a conversation, a forward pass and a short answer: each is refused with
/// a message or answers. A trap ends the test process; the watchdog ends it for a model that takes too long.
///
/// `make test` tries a sample. `SOTTO_HOSTILE_MODELS` is the number of versions of each model, `SOTTO_HOSTILE_FIRST` the
/// first one, and `SOTTO_HOSTILE_LOG` a file that names the one that is tried.
@Suite(.serialized, .timeLimit(.minutes(60))) struct HostileModelTests {
  private static func variable(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }
  private static let count = variable("SOTTO_HOSTILE_MODELS") ?? max(1, 1000 / max(1, WholeModel.all.count))
  private static let first = variable("SOTTO_HOSTILE_FIRST") ?? 0
  /// Bytes above the memory at the start.
  private static let maxMemory = 1 << 30

  /// The members of all configurations.
  private static let members: [(key: String, value: JSON)] = {
    var seen: Set<String> = []
    return WholeModel.all.flatMap { model -> [(key: String, value: JSON)] in
      let path = Repository.tinyModel(model.name).appending(path: "config.json").path
      guard let data = FileManager.default.contents(atPath: path), let json = try? JSON(parsing: Array(data))
      else {
        return []
      }
      return json.asObject.map { object in object.map { $0 } } ?? []
    }.filter { $0.key != "model_type" && seen.insert($0.key).inserted }
  }()

  /// What became of the versions of a model.
  private struct Tally {
    var answered = 0
    var refused = 0
    var slowest = 0.0
  }

  @Test func thereAreModels() { #expect(WholeModel.all.count > 40) }

  @Test(arguments: WholeModel.all)
  func theUndamagedModelAnswers(_ model: WholeModel) async throws {
    let folder = try TemporaryFolder()
    for (name, bytes) in try model.files() { try folder.write(name, bytes) }
    try await Self.ask(folder.path, 0)
  }

  @Test(arguments: WholeModel.all)
  func damagedModelsAnswerOrAreRefused(_ model: WholeModel) async throws {
    let files = try model.files()
    let folder = try TemporaryFolder()
    for (name, bytes) in files { try folder.write(name, bytes) }
    let before = peakMemory()
    var tally = Tally()
    let watchdog = Watchdog()
    for index in Self.first..<Self.first + Self.count {
      let mutant = model.mutant(index, of: files, members: Self.members)
      let changed = files.keys.sorted().filter { mutant[$0] != files[$0] }
      for name in changed { try Self.replace(name, mutant[name], in: folder) }
      let label = "\(model.name) \(index) (\(changed.joined(separator: ", ")))"
      HostileLog.note(label)
      watchdog.start(label)
      let start = ContinuousClock.now
      do {
        try await Self.ask(folder.path, index)
        tally.answered += 1
      } catch {
        tally.refused += 1
        if let fault = fault(inMessage: "\(error)") { Issue.record("\(label): \(fault)") }
      }
      let time = (ContinuousClock.now - start) / .seconds(1)
      tally.slowest = max(tally.slowest, time)
      watchdog.stop()
      for name in changed { try Self.replace(name, files[name], in: folder) }
    }
    let memory = peakMemory() - before
    #expect(memory < Self.maxMemory, "\(memory >> 20) MiB")
    if Self.variable("SOTTO_HOSTILE_MODELS") != nil {
      print(
        "\(model.name): \(tally.answered) answered, \(tally.refused) refused, slowest \(tally.slowest) s, "
          + "\(memory >> 20) MiB more at the peak")
    }
  }

  private static func replace(_ name: String, _ bytes: [UInt8]?, in folder: TemporaryFolder) throws {
    // The file is mapped by models that are not released yet: it is replaced, not overwritten.
    try? FileManager.default.removeItem(atPath: folder.path + "/" + name)
    if let bytes { try folder.write(name, bytes) }
  }

  struct Failed: Error, CustomStringConvertible { let description: String }

  /// - Throws: the error that the user would see.
  private static func ask(_ path: String, _ index: Int) async throws {
    let gguf = path + "/model.gguf"
    let isGGUF = FileManager.default.fileExists(atPath: gguf)
    let model = try OpenedModel(path: isGGUF ? gguf : path, cache: nil)
    _ = (model.checkpoint.quantizationLabel, model.checkpoint.parameters)
    let recommended = model.checkpoint.recommendedSampling
    let question = "what is the <s> of it?"
    var turn = try model.turn(question, system: index % 2 == 0 ? "be kind" : nil, raw: false)
    if case .segments = turn.prompt.content {
      // Harmony's tokens have fixed ids, which the small models do not have.
      turn = try model.turn(question, system: nil, raw: true)
    }
    let generator = Generator(limits: GeneratorLimits(cacheBytes: 1 << 26, modelBytes: 1 << 30))
    _ = try await generator.load("m") {
      try model.load(precision: index % 3 == 0 ? .exact : .fast, threads: 1)
    }
    let sampling = SamplingSettings(
      temperature: recommended.temperature.map { Float($0) } ?? 0,
      topP: recommended.topP.map { Float($0) } ?? 1,
      topK: recommended.topK ?? 0, minP: recommended.minP.map { Float($0) } ?? 0,
      repetitionPenalty: recommended.repetitionPenalty.map { Float($0) } ?? 1, seed: 1)
    let request = GenerationRequest(
      prompt: turn.prompt, sampling: sampling, maxTokens: 4, stopStrings: model.stopStrings,
      thoughtLimit: turn.thoughtLimit)
    for await event in generator.generate("m", request) {
      if case .failed(let message) = event { throw Failed(description: message) }
    }
  }
}

/// Ends the process, with the input's name, if one takes more than a minute: ten seconds on a machine that does nothing
/// else.
private final class Watchdog: Sendable {
  private let label = Mutex<(text: String, since: ContinuousClock.Instant)?>(nil)

  init() {
    Thread.detachNewThread { [weak self] in
      while let self {
        if let (text, since) = self.label.withLock({ $0 }), ContinuousClock.now - since > .seconds(60) {
          fatalError("more than a minute for \(text)")
        }
        Thread.sleep(forTimeInterval: 0.5)
      }
    }
  }

  func start(_ text: String) { label.withLock { $0 = (text, .now) } }
  func stop() { label.withLock { $0 = nil } }
}
