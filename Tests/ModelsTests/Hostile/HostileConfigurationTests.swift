import Basics
import Checkpoints
import Compute
import Foundation
import Models
import TestSupport
import Testing

/// Hostile configurations with weights of the shapes that they ask for: each is refused with a message, or makes a model
/// that runs. A trap ends the test process, a hang exceeds the time limit, and the memory use is checked.
@Suite(.serialized, .timeLimit(.minutes(20))) struct HostileConfigurationTests {
  /// Mutants of each fixture; 5,000 in total with 63 fixtures or more.
  private static let count =
    Int(ProcessInfo.processInfo.environment["SOTTO_HOSTILE_CONFIGURATIONS"] ?? "") ?? 80
  private static let maxMemory = 768 << 20

  struct Fixture: Sendable, CustomTestStringConvertible {
    let tiny: TinyModel
    let configuration: JSON
    var testDescription: String { tiny.name }
  }

  static let fixtures: [Fixture] = TinyModel.all.compactMap { tiny in
    (try? tiny.checkpoint().configuration).flatMap { $0 }.map { Fixture(tiny: tiny, configuration: $0) }
  }

  /// The members of all configurations.
  private static let members: [(key: String, value: JSON)] = {
    var seen: Set<String> = []
    return fixtures.flatMap { $0.configuration.asObject.map { object in object.map { $0 } } ?? [] }
      .filter { seen.insert($0.key).inserted && $0.key != "model_type" }
  }()

  @Test func theSampleIsLarge() {
    #expect(Self.fixtures.count * Self.count >= 5000)
  }

  @Test(arguments: fixtures)
  func everyConfigurationRunsOrIsRefused(_ fixture: Fixture) throws {
    let names = try fixture.tiny.checkpoint().names
    let seed = fixture.tiny.name.utf8.reduce(UInt64(7)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    var mutator = JSONMutator(seed: seed, others: Self.members)
    let backend = CPUBackend(precision: .fast, threads: 1)
    let before = peakMemory()
    var ran = 0, refused = 0
    for index in 0..<Self.count {
      let configuration = mutator.mutated(fixture.configuration)
      HostileLog.note("\(fixture.tiny.name) \(index): \(configuration.text())")
      do {
        let model = try Registry.model(configuration, MatchingWeights(names: names), backend: backend)
        try Self.run(model, on: backend)
        ran += 1
      } catch {
        refused += 1
        if let fault = fault(inMessage: "\(error)") { Issue.record("\(fault) for \(configuration.text())") }
      }
      backend.releaseUnusedMemory()
    }
    #expect(ran > 0 && refused > Self.count / 20, "\(ran) ran, \(refused) were refused")
    #expect(peakMemory() - before < Self.maxMemory)
  }

  private static func run(_ model: any LanguageModel, on backend: CPUBackend) throws {
    let (facts, last) = (model.facts, Int32(clamping: model.facts.vocabularyCount - 1))
    let tokens = (0..<7).map { min($0, last) }
    let sequence = SequenceState(caches: model.makeCaches())
    _ = (sequence.expectedBytes(at: facts.contextLength), sequence.snapshotBytes, facts.attentionShare)
    let output = try model.forward(ForwardInput(tokens: tokens, sequence: sequence))
    guard backend.values(output).count == facts.vocabularyCount, sequence.length == 7 else {
      throw ModelError.unsupported("the output has \(output.columns) columns")
    }
    let fork = sequence.fork()
    let both = ForwardInput(
      tokens: [last, 0, last], sequences: [sequence, fork], counts: [1, 2], outputs: [0, 2])
    _ = backend.values(try model.forward(both))
    if fork.canTruncate(to: 3) { fork.truncate(to: 3) }
    _ = backend.values(try model.forward(ForwardInput(tokens: [0], sequence: fork)))
    try SequenceState(caches: model.makeCaches()).restore(fork.image())
  }
}
