import ArgumentParser
import Compute
import Devices
import Generation
import LocalEngine
import TerminalInterface

/// Options of `sotto bench` for speculative decoding and several answers to one prompt.
struct SpeculationBenchOptions: ParsableArguments {
  @Flag(
    help: "Measure speculative decoding by look-up: repeating and editing a text of 500 words, and prose.")
  var lookup = false

  @Option(help: "Measure speculative decoding with this draft model, or synthetic shape.")
  var draft: String?

  @Option(help: "Number of layers of the synthetic draft model (default: that of the shape).")
  var draftLayers: Int?

  @Option(help: "With --draft, the probability with which a proposed token counts as accepted.")
  var acceptance: Double?

  @Option(help: "With --draft or --lookup, always propose this number of tokens (default: as many as pay).")
  var proposals: Int?

  @Option(help: "Measure this number of answers to one prompt together, against one answer.")
  var best: Int?

  /// Whether speculative decoding is measured.
  var isWanted: Bool { lookup || draft != nil }

  func validate(isSynthetic: Bool) throws {
    if lookup, isSynthetic { throw ValidationError("--lookup requires a model") }
    if lookup, draft != nil { throw ValidationError("specify either --lookup or --draft") }
    if let proposals {
      guard isWanted else { throw ValidationError("--proposals requires --draft or --lookup") }
      guard (1...SpeculationPolicy.most).contains(proposals) else {
        throw ValidationError(
          "--proposals must be a number from 1 to \(SpeculationPolicy.most), not \(proposals)")
      }
    }
    if draft == nil, draftLayers != nil || acceptance != nil {
      throw ValidationError("--draft-layers and --acceptance require --draft")
    }
    if let acceptance, !(0...1).contains(acceptance) {
      throw ValidationError("--acceptance must be a number from 0 to 1, not \(acceptance)")
    }
    if isSynthetic, draft != nil, acceptance == nil {
      throw ValidationError(
        "--draft of a synthetic shape requires --acceptance, because random weights never agree")
    }
    if let best, !(1...16).contains(best) {
      throw ValidationError("--best must be a number from 1 to 16, not \(best)")
    }
    if let draftLayers, !(1...4096).contains(draftLayers) {
      throw ValidationError("--draft-layers must be a number from 1 to 4096, not \(draftLayers)")
    }
  }

  /// What is compared with no speculation.
  var settings: SpeculationSettings {
    var settings = SpeculationSettings()
    settings.usesLookup = lookup
    settings.madeUpAcceptance = acceptance
    if let proposals { settings.mode = .fixed(proposals) }
    if draft != nil { settings.draft = SpeculationBench.draftKey }
    return settings
  }

  /// Makes the draft model.
  /// - Parameter opened: the large model; nil for a synthetic shape.
  func makeDraft(
    for opened: OpenedModel?, on device: DeviceChoice, threads: Int, _ format: CacheFormat?
  ) throws -> (@Sendable () throws -> sending LoadedModel)? {
    guard let draft else { return nil }
    if let other = try opened?.draft(draft, UserSettings()) {
      return {
        try other.load(precision: .fast, threads: threads, cacheFormat: format, device: device)
      }
    }
    let choice = ModelChoice(path: nil, synthetic: draft, layers: draftLayers)
    return { try choice.loaded(device, threads: threads, format) }
  }
}

extension SpeculationBench {
  /// The requests to measure: those of `SpeculationText`, or any tokens for random weights.
  static func works(_ opened: OpenedModel?, seed: UInt64) throws -> [Work] {
    guard let opened else {
      return [Work(name: "any", prompt: .tokens((0..<100).map { $0 * 7919 % 1000 + 10 }))]
    }
    return try SpeculationText.tasks.map { task in
      Work(
        name: task.name, prompt: try opened.turn(task.prompt, system: nil, raw: false).prompt,
        stopStrings: opened.stopStrings,
        sampling: task.isGreedy ? .greedy : SamplingSettings(temperature: 0.7, seed: seed))
    }
  }
}
