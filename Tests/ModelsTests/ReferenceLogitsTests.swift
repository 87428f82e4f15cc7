import Compute
import Models
import Testing

/// Every tiny model against transformers' logits, however the tokens are fed.
struct ReferenceLogitsTests {
  /// The bar is 1e-3; float32 rounding alone stays far below this.
  private static let bar: Float = 1e-4

  @Test func thereAreModels() {
    #expect(TinyModel.all.count >= 16)
  }

  @Test(arguments: TinyModel.all)
  func prefillThenSingleTokens(_ tiny: TinyModel) throws {
    let (tokens, expected) = try tiny.reference()
    let ours = try run(tiny, .exact, tokens, chunks: [40] + Array(repeating: 1, count: 8))
    #expect(distance(ours, expected) < Self.bar)
  }

  @Test(arguments: TinyModel.all)
  func unevenChunks(_ tiny: TinyModel) throws {
    let (tokens, expected) = try tiny.reference()
    let ours = try run(tiny, .exact, tokens, chunks: [1, 2, 17, 5, 3, 16, 4])
    #expect(distance(ours, expected) < Self.bar)
  }

  @Test(arguments: TinyModel.all)
  func fastStaysClose(_ tiny: TinyModel) throws {
    let (tokens, expected) = try tiny.reference()
    let ours = try run(tiny, .fast, tokens, chunks: [40, 8])
    // 8-bit activations; the tiny random models magnify rounding more than trained ones. Where a router's choice
    // hangs in the balance a token even gets other experts, so it is the middle token that counts.
    let distances = zip(ours, expected).map { distance([$0], [$1]) }.sorted()
    #expect(ours.count == expected.count && distances[distances.count / 2] < 0.2)
  }

  @Test(arguments: TinyModel.all)
  func cutBackAndForkedSequencesGiveTheSame(_ tiny: TinyModel) throws {
    let (tokens, expected) = try tiny.reference()
    let (model, backend) = try tiny.load(.exact)
    let sequence = SequenceState(layers: model.makeCaches())
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<20]), sequence: sequence))
    var states = [sequence.fork()]
    _ = try model.forward(ForwardInput(tokens: [1, 2, 3, 4], sequence: sequence))
    // A recurrent state is only ever taken up again from a fork.
    if sequence.layers.allSatisfy({ $0 is any KeyValueCache }) {
      #expect(sequence.canTruncate(to: 20))
      sequence.truncate(to: 20)
      states.append(sequence)
    }
    for state in states {
      let rest = ForwardInput(tokens: Array(tokens[20...]), sequence: state, allLogits: true)
      let ours = backend.values(try model.forward(rest)).rows(model.facts.vocabularyCount)
      #expect(distance(ours, Array(expected[20...])) < Self.bar)
    }
  }

  @Test(arguments: TinyModel.all)
  func sequencesInOneBatchDoNotTouchEachOther(_ tiny: TinyModel) throws {
    let (tokens, expected) = try tiny.reference()
    let (model, backend) = try tiny.load(.exact)
    let first = SequenceState(layers: model.makeCaches())
    let second = SequenceState(layers: model.makeCaches())
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<30]), sequence: first))
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<7]), sequence: second))
    let both = ForwardInput(
      tokens: Array(tokens[30..<33]) + Array(tokens[7..<20]), sequences: [first, second], counts: [3, 13],
      outputs: [0, 2, 3, 15])
    let ours = backend.values(try model.forward(both)).rows(model.facts.vocabularyCount)
    #expect(distance(ours, [30, 32, 7, 19].map { expected[$0] }) < Self.bar)
  }

  /// The logits after every token, the tokens fed in chunks of these sizes.
  private func run(
    _ tiny: TinyModel, _ precision: Precision, _ tokens: [Int32], chunks: [Int]
  ) throws -> [[Float]] {
    #expect(chunks.reduce(0, +) == tokens.count)
    let (model, backend) = try tiny.load(precision)
    let sequence = SequenceState(layers: model.makeCaches())
    var logits: [[Float]] = []
    var position = 0
    for size in chunks {
      let chunk = Array(tokens[position..<position + size])
      let output = try model.forward(ForwardInput(tokens: chunk, sequence: sequence, allLogits: true))
      logits += backend.values(output).rows(model.facts.vocabularyCount)
      position += size
    }
    return logits
  }
}
