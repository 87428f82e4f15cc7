import Compute
import ComputeCUDA
import Generation
import Models

/// Tokens that a GPU and the processor sample in exact precision, with the settings and the seed of `sotto generate`: greedy
/// and with a temperature, from logits of their own.
enum TokenTests {
  private static let prompt = 20
  private static let steps = 64

  /// A model on one of the two devices.
  struct Side {
    let model: any LanguageModel
    let backend: any Backend
  }

  /// What is wrong, or nil.
  /// - Parameters:
  ///   - tokens: of the prompt, at least 20.
  ///   - bar: the largest distance of the logits, in standard deviations.
  static func run(_ gpu: Side, _ host: Side, _ tokens: [Int32], bar: Float) throws -> String? {
    let count = min(steps, host.model.facts.contextLength - prompt)
    for temperature: Float in [0, 0.8] {
      let settings = SamplingSettings(
        temperature: temperature, repetitionPenalty: temperature > 0 ? 1.1 : 1, seed: 7)
      var samplers = (gpu: Sampler(settings), host: Sampler(settings))
      let sequences = (
        gpu: SequenceState(caches: gpu.model.makeCaches()),
        host: SequenceState(caches: host.model.makeCaches())
      )
      var input = Array(tokens[..<prompt]), history = input, different = 0
      for step in 0..<max(count, 0) {
        let theirs = try host.model.forward(ForwardInput(tokens: input, sequence: sequences.host))
        let wanted = host.backend.ids(samplers.host.next(theirs, after: history, on: host.backend))
        let ours = try gpu.model.forward(ForwardInput(tokens: input, sequence: sequences.gpu))
        let found = gpu.backend.ids(samplers.gpu.next(ours, after: history, on: gpu.backend))
        try (gpu.backend as? any FallibleBackend)?.throwIfFailed()
        guard found.count == 1, wanted.count == 1, wanted[0] >= 0 else {
          return "temperature \(temperature), step \(step): tokens \(found) and \(wanted)"
        }
        if found != wanted {
          different += 1
          let logits = host.backend.values(theirs)
          if temperature == 0, !areClose(logits, found[0], wanted[0], within: 2 * bar) {
            return "step \(step): token \(found[0]), the processor has \(wanted[0])"
          }
        }
        // Both continue with the same token.
        input = wanted
        history += wanted
      }
      // A draw next to the end of a token's range may fall to its neighbour.
      if different * 20 > count {
        return "temperature \(temperature): \(different) of \(count) tokens differ from the processor's"
      }
    }
    return nil
  }

  private static func areClose(_ logits: [Float], _ a: Int32, _ b: Int32, within margin: Float) -> Bool {
    guard logits.indices.contains(Int(a)), logits.indices.contains(Int(b)) else { return false }
    let mean = logits.reduce(0, +) / Float(logits.count)
    let variance = logits.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(logits.count)
    return abs(logits[Int(a)] - logits[Int(b)]) <= margin * variance.squareRoot()
  }
}
