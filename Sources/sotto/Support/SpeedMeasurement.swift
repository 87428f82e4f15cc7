import Compute
import Foundation
import Models

/// Times a prompt and the generation behind it, as often as it is asked to.
struct SpeedMeasurement {
  let model: any LanguageModel
  let backend: any Backend
  let prompt: Int
  let generate: Int
  /// Seconds from the prompt to its last token's logits, one a round.
  private(set) var promptTimes: [Double] = []
  /// Seconds for all generated tokens, one a round.
  private(set) var generationTimes: [Double] = []

  init(model: any LanguageModel, backend: any Backend, prompt: Int, generate: Int) {
    self.model = model
    self.backend = backend
    self.prompt = prompt
    self.generate = generate
  }

  mutating func runOnce() throws {
    let sequence = SequenceState(layers: model.makeCaches())
    let vocabulary = Int32(model.facts.vocabularyCount)
    let tokens = (0..<Int32(prompt)).map { ($0 &* 7919 &+ 13) % vocabulary }
    let start = ContinuousClock.now
    for chunk in stride(from: 0, to: prompt, by: 512) {
      let input = ForwardInput(tokens: Array(tokens[chunk..<min(chunk + 512, prompt)]), sequence: sequence)
      _ = backend.values(try model.forward(input))
    }
    promptTimes.append(seconds(since: start))
    let generationStart = ContinuousClock.now
    for i in 0..<Int32(generate) {
      let input = ForwardInput(tokens: [(i &* 104_729 &+ 7) % vocabulary], sequence: sequence)
      _ = backend.values(try model.forward(input))
    }
    generationTimes.append(seconds(since: generationStart))
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double {
    let duration = ContinuousClock.now - start
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}

/// The middle of some numbers; 0 for none.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
