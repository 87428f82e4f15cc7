import Compute
import Models
import Testing

/// Decoders whose layers are not just attention and a feed-forward block, compared with a float64 reference.
struct LayerShapesTests {
  private static let bar: Float = 1e-4
  private let tokens = (0..<32).map { Int32(($0 * 29 + $0 * $0 / 3) % LayerPlan.vocabulary) }

  @Test(arguments: LayerPlan.all)
  func logitsMatchTheReference(_ plan: LayerPlan) throws {
    let (model, backend, weights) = try plan.load()
    let expected = ReferenceDecoder(plan: plan, tensors: weights.tensors).logits(tokens)
    for chunks in [[32], [1, 9, 3, 19], Array(repeating: 1, count: 32)] {
      let sequence = SequenceState(caches: model.makeCaches())
      var logits: [[Float]] = []
      for count in chunks {
        let start = logits.count
        #expect(sequence.length == start)
        logits += try run(model, backend, tokens[start..<start + count], sequence)
      }
      #expect(distance(logits, expected) < Self.bar, "\(chunks.count) chunks")
    }
  }

  @Test(arguments: LayerPlan.all)
  func batchesForksAndRestoredSequencesMatchTheReference(_ plan: LayerPlan) throws {
    let (model, backend, weights) = try plan.load()
    let expected = ReferenceDecoder(plan: plan, tensors: weights.tensors).logits(tokens)
    let first = SequenceState(caches: model.makeCaches()), second = SequenceState(caches: model.makeCaches())
    _ = try run(model, backend, tokens[..<17], first)
    _ = try run(model, backend, tokens[..<3], second)
    let both = ForwardInput(
      tokens: Array(tokens[17..<20] + tokens[3..<10]), sequences: [first, second], counts: [3, 7],
      outputs: [1, 2, 9])
    let output = backend.values(try model.forward(both)).rows(LayerPlan.vocabulary)
    #expect(distance(output, [18, 19, 9].map { expected[$0] }) < Self.bar)
    #expect(first.length == 20 && second.length == 10)

    let fork = first.fork()
    let restored = SequenceState(caches: model.makeCaches())
    if !first.caches.isEmpty { try restored.restore(first.image()) }
    _ = try run(model, backend, [5, 6, 7], first)
    for state in [fork, restored] where state.length > 0 {
      #expect(state.length == 20)
      let rest = try run(model, backend, tokens[20...], state)
      #expect(distance(rest, Array(expected[20...])) < Self.bar)
    }
  }

  /// An interrupted pass does not change the sequence's length. The sequence can continue if all caches can be truncated
  /// to that length; otherwise `rollBack` says that it cannot.
  @Test(arguments: LayerPlan.all)
  func interruptedPassesAreRolledBack(_ plan: LayerPlan) throws {
    let (model, backend, weights) = try plan.load()
    let expected = ReferenceDecoder(plan: plan, tensors: weights.tensors).logits(tokens)
    let mixing = plan.layers.joined().filter { if case .feedForward = $0.body { false } else { true } }.count
    for stop in 0..<mixing {
      let sequence = SequenceState(caches: model.makeCaches())
      _ = try run(model, backend, tokens[..<20], sequence)
      var input = ForwardInput(tokens: [1, 2, 3], sequence: sequence)
      var asked = -1
      input.isInterrupted = {
        asked += 1
        return asked == stop
      }
      #expect(throws: Interrupted.self) { try model.forward(input) }
      #expect(sequence.length == 20)
      let canContinue = sequence.caches.allSatisfy { $0.length == 20 || $0 is any KeyValueCache }
      #expect(sequence.rollBack(to: 20) == canContinue)
      guard canContinue else { continue }
      let rest = try run(model, backend, tokens[20...], sequence)
      #expect(distance(rest, Array(expected[20...])) < Self.bar)
    }
  }

  private func run(
    _ model: Decoder, _ backend: CPUBackend, _ tokens: ArraySlice<Int32>, _ sequence: SequenceState
  ) throws -> [[Float]] {
    let input = ForwardInput(tokens: Array(tokens), sequence: sequence, allLogits: true)
    return backend.values(try model.forward(input)).rows(LayerPlan.vocabulary)
  }
}
