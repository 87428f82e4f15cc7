import Basics
import Checkpoints
import Compute
import Models
import Testing

/// Multimodal checkpoints nest the configuration and the tensor names of their language model.
struct MultimodalNamesTests {
  /// A text-only checkpoint's tensors under other prefixes.
  private struct Renamed: WeightSource {
    let source: any WeightSource
    let prefixes: [(public: String, here: String)]

    private func sourceName(_ name: String) -> String? {
      prefixes.first { name.hasPrefix($0.here) }.map { $0.public + name.dropFirst($0.here.count) }
    }
    func contains(_ name: String) -> Bool { sourceName(name).map(source.contains) ?? false }
    func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
      try source.storedWeight(#require(sourceName(name)), shape: shape)
    }
  }

  @Test(arguments: [
    [("model.", "language_model.model."), ("lm_head.", "language_model.lm_head.")],
    [("model.", "model.language_model."), ("lm_head.", "lm_head.")],
  ])
  func nestedLanguageModelsLoad(_ prefixes: [(String, String)]) throws {
    let tiny = TinyModel(name: "llama-plain")
    let checkpoint = try tiny.checkpoint()
    let text = try #require(checkpoint.configuration)
    let backend = CPUBackend(precision: .exact, threads: 1)
    let model = try Registry.model(
      ["model_type": "llava", "text_config": text],
      Renamed(source: checkpoint, prefixes: prefixes.map { (public: $0.0, here: $0.1) }), backend: backend)
    let (tokens, expected) = try tiny.reference()
    let sequence = SequenceState(caches: model.makeCaches())
    let output = try model.forward(ForwardInput(tokens: tokens, sequence: sequence, allLogits: true))
    #expect(distance(backend.values(output).rows(model.facts.vocabularyCount), expected) < 1e-4)
  }
}
