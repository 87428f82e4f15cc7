import Compute
import Models
import Testing

/// The layer for multi-token prediction compared with transformers'.
struct TokenPredictorTests {
  static let names = ["deepseek-v3", "glm4-moe", "qwen3-next", "gguf-glm4-moe", "gguf-qwen3-next"]
  private static let bar: Float = 1e-4

  private func load(_ name: String) throws -> (tiny: TinyModel, model: Decoder, backend: CPUBackend) {
    let tiny = TinyModel(name: "../predictors/" + name)
    let (model, backend) = try tiny.load(.exact)
    return (tiny, try #require(model as? Decoder), backend)
  }

  /// Hidden states of passes of different sizes, the predictor's rows in passes of other sizes.
  @Test(arguments: names) func predictionsAreThoseOfTheReference(_ name: String) throws {
    let (tiny, model, backend) = try load(name)
    let (tokens, logits) = try tiny.reference()
    let predictor = try #require(model.predictor)
    let sequence = SequenceState(caches: model.makeCaches())
    let own = SequenceState(caches: predictor.makeCaches())
    var predicted: [[Float]] = [], start = 0
    var last: Tensor?
    for size in [30, 1, 1, 9, 7] {
      let states = HiddenStates()
      var input = ForwardInput(tokens: Array(tokens[start..<start + size]), sequence: sequence)
      input.hiddenStates = states
      let ours = backend.values(try model.forward(input))
      #expect(distance([ours], [logits[start + size - 1]]) < Self.bar)
      let rows = min(size, tokens.count - 1 - start)
      let hidden = backend.rows(try #require(states.rows), Array(0..<rows))
      let next = ForwardInput(
        tokens: Array(tokens[start + 1...start + rows]), sequence: own, allLogits: true)
      let output = try predictor.forward(next, hidden: hidden)
      predicted += backend.values(output.logits).rows(model.facts.vocabularyCount)
      last = backend.rows(output.hidden, [rows - 1])
      start += size
    }
    let expected = try tiny.numbers("predicted")
    #expect(predicted.count == 47 && distance(predicted, expected) < Self.bar)
    // The predictor goes on from its own hidden state and its own token.
    let best = try #require(expected.last.flatMap { row in row.indices.max { row[$0] < row[$1] } })
    let chained = try predictor.forward(
      ForwardInput(tokens: [Int32(best)], sequence: own), hidden: try #require(last))
    #expect(distance([backend.values(chained.logits)], try tiny.numbers("chained")) < Self.bar)
  }

  /// The logits of a pass do not depend on whether hidden states are asked for.
  @Test(arguments: names) func hiddenStatesDoNotChangeLogits(_ name: String) throws {
    let (tiny, model, backend) = try load(name)
    let tokens = try tiny.reference().tokens
    func logits(_ states: HiddenStates?) throws -> [Float] {
      var input = ForwardInput(tokens: tokens, sequence: SequenceState(caches: model.makeCaches()))
      input.hiddenStates = states
      return backend.values(try model.forward(input))
    }
    #expect(try logits(nil) == logits(HiddenStates()))
  }

  /// The predictor's layer is not one of the decoder's, and its work does not count.
  @Test(arguments: names) func theDecoderIsUnchanged(_ name: String) throws {
    let model = try load(name).model
    #expect(model.facts.layerCount == 2)
  }

  @Test func modelsWithoutTheLayerHaveNoPredictor() throws {
    let (model, _) = try TinyModel(name: "deepseek-v3").load(.exact)
    #expect((model as? Decoder)?.predictor == nil)
  }
}
