import ArgumentParser
import Checkpoints
import Compute
import Foundation
import Models

/// `sotto bench`: speed, memory, and the share of the machine's limits that was reached.
struct BenchCommand: ParsableCommand {
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

  @Option(help: "Tokens of the prompt.")
  var prompt = 512

  @Option(help: "Tokens to generate behind the prompt.")
  var generate = 64

  @Option(name: .customLong("repeat"), help: "Repetitions.")
  var repetitions = 3

  @OptionGroup var compute: ComputeOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard (model == nil) != (synthetic == nil) else {
      throw ValidationError("give either a model or --synthetic with one of the shapes")
    }
    if layers != nil, synthetic == nil { throw ValidationError("--layers goes with --synthetic") }
    if let layers, !(1...4096).contains(layers) { throw ValidationError("--layers takes 1 to 4096") }
    if prompt < 1 || generate < 0 || repetitions < 1 {
      throw ValidationError("--prompt and --repeat take numbers from 1 on, --generate from 0 on")
    }
  }

  func run() throws {
    let backend = CPUBackend(precision: .fast, threads: compute.threadCount)
    let model = try makeModel(backend)
    let facts = model.facts
    guard prompt + generate <= facts.contextLength else {
      throw CommandError(
        "\(prompt + generate) tokens do not fit the model's context of \(facts.contextLength)")
    }
    var measurement = SpeedMeasurement(model: model, backend: backend, prompt: prompt, generate: generate)
    for round in 1...repetitions {
      if !json { Console.note("round \(round) of \(repetitions)") }
      try measurement.runOnce()
    }
    let report = BenchReport(
      name: synthetic ?? self.model ?? "", threads: compute.threadCount, measurement: measurement,
      peakMemory: peakResidentMemory(), limits: backend.measureLimits())
    Console.out(json ? report.json().text(.pretty) + "\n" : report.table())
  }

  private func makeModel(_ backend: CPUBackend) throws -> any LanguageModel {
    if let synthetic {
      if !json { Console.note("making up the weights of \(synthetic)") }
      return try SyntheticShape.named(synthetic, layers: layers).model(backend: backend)
    }
    return try Registry.model(Checkpoint.open(OpenedModel.finder().resolve(model ?? "")), backend: backend)
  }
}
