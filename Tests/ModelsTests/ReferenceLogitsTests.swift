import Compute
import Models
import Testing

/// Every tiny model's logits compared with transformers', for different ways to split the tokens into passes.
struct ReferenceLogitsTests {
  /// Rounding errors of float32 are far below this.
  private static let bar: Float = 1e-4

  @Test func fixturesExist() {
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
    // Activations have 8 bits, and tiny random models amplify rounding more than trained ones. Rounding may also change
    // which experts a token is routed to, so the median token is compared.
    let distances = zip(ours, expected).map { distance([$0], [$1]) }.sorted()
    #expect(ours.count == expected.count && distances[distances.count / 2] < 0.2)
  }

  @Test(arguments: TinyModel.all)
  func truncatedAndForkedSequencesMatchTheReference(_ tiny: TinyModel) throws {
    let (tokens, expected) = try tiny.reference()
    let (model, backend) = try tiny.load(.exact)
    let sequence = SequenceState(caches: model.makeCaches())
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<20]), sequence: sequence))
    var states = [sequence.fork()]
    _ = try model.forward(ForwardInput(tokens: [1, 2, 3, 4], sequence: sequence))
    // A recurrent state cannot be truncated, only forked.
    if sequence.caches.allSatisfy({ $0 is any KeyValueCache }) {
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
  func batchedSequencesAreIndependent(_ tiny: TinyModel) throws {
    let (tokens, expected) = try tiny.reference()
    let (model, backend) = try tiny.load(.exact)
    let first = SequenceState(caches: model.makeCaches())
    let second = SequenceState(caches: model.makeCaches())
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<30]), sequence: first))
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<7]), sequence: second))
    let both = ForwardInput(
      tokens: Array(tokens[30..<33]) + Array(tokens[7..<20]), sequences: [first, second], counts: [3, 13],
      outputs: [0, 2, 3, 15])
    let ours = backend.values(try model.forward(both)).rows(model.facts.vocabularyCount)
    #expect(distance(ours, [30, 32, 7, 19].map { expected[$0] }) < Self.bar)
  }

  /// The logits after every token, computed in passes of these sizes.
  private func run(
    _ tiny: TinyModel, _ precision: Precision, _ tokens: [Int32], chunks: [Int]
  ) throws -> [[Float]] {
    #expect(chunks.reduce(0, +) == tokens.count)
    let (model, backend) = try tiny.load(precision)
    let sequence = SequenceState(caches: model.makeCaches())
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
