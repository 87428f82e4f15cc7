import Basics
import Compute
import Generation
import Models
import Testing

/// The logits of a sequence in shared passes are those that it has alone.
struct CompanyLogitsTests {
  /// Sequences of all sizes that kernels treat differently, each with its prompt.
  private static let lengths = [1, 40, 7, 90, 3, 64, 17, 2]

  private func prompts(_ reference: LoadedModel, _ seed: UInt64) -> [[Int32]] {
    var random = SplitMix64(seed: seed)
    return Self.lengths.map { reference.tokens($0, &random) }
  }

  private func greedy(_ logits: ArraySlice<Float>) -> Int32 {
    Int32((logits.indices.max { logits[$0] < logits[$1] } ?? logits.startIndex) - logits.startIndex)
  }

  /// The logits of every step of an answer to each prompt, all of which share every pass.
  private func together(
    _ loaded: LoadedModel, _ prompts: [[Int32]], steps: Int
  ) throws -> (logits: [[[Float]]], tokens: [[Int32]]) {
    let states = prompts.map { _ in SequenceState(caches: loaded.model.makeCaches()) }
    var inputs = prompts
    var logits: [[[Float]]] = prompts.map { _ in [] }, tokens: [[Int32]] = prompts.map { _ in [] }
    for _ in 0..<steps {
      let counts = inputs.map(\.count)
      var last = -1
      let outputs = counts.map {
        last += $0
        return last
      }
      let result = try loaded.model.forward(
        ForwardInput(tokens: inputs.flatMap { $0 }, sequences: states, counts: counts, outputs: outputs))
      let values = loaded.backend.values(result), columns = result.columns
      for index in prompts.indices {
        let row = values[index * columns..<(index + 1) * columns]
        logits[index].append(Array(row))
        inputs[index] = [greedy(row)]
        tokens[index] += inputs[index]
      }
    }
    return (logits, tokens)
  }

  @Test(arguments: TinyModels.kinds) func exactLogitsAreThoseOfTheSequenceAlone(_ tiny: TinyModels) throws {
    let loaded = try tiny.load()
    let prompts = prompts(loaded, 31)
    let company = try together(loaded, prompts, steps: 6)
    for index in prompts.indices {
      let alone = try together(loaded, [prompts[index]], steps: 6)
      #expect(company.tokens[index] == alone.tokens[0])
      for (ours, expected) in zip(company.logits[index], alone.logits[0]) {
        #expect(distance(ours, expected) < 1e-4)
      }
    }
  }

  /// The state after a prompt does not depend on its division into passes, also where the products of many rows are
  /// rounded: bit for bit with attention alone. Recurrences may add up in another order, in float32.
  @Test(arguments: TinyModels.kinds) func prefillDoesNotDependOnItsDivision(_ tiny: TinyModels) throws {
    let loaded = try tiny.load(.fast)
    var random = SplitMix64(seed: 33)
    let tokens = loaded.tokens(210, &random)
    func logits(_ counts: [Int]) throws -> [Float] {
      let state = SequenceState(caches: loaded.model.makeCaches())
      var first = 0
      return try counts.flatMap { count in
        var input = ForwardInput(
          tokens: Array(tokens[first..<first + count]), sequence: state, allLogits: true)
        input.isPrefill = true
        first += count
        return loaded.backend.values(try loaded.model.forward(input))
      }
    }
    let whole = try logits([210])
    for counts in [[100, 110], [1, 3, 140, 65, 1]] {
      let divided = try logits(counts)
      let isAttention = loaded.model.makeCaches().allSatisfy { $0 is any KeyValueCache }
      #expect(isAttention ? divided == whole : distance(divided, whole) < 0.05, "\(distance(divided, whole))")
    }
  }

  /// In fast precision, 99% of the tokens of 64 steps are the same.
  @Test(arguments: TinyModels.kinds) func fastTokensAreThoseOfTheSequenceAlone(_ tiny: TinyModels) throws {
    let loaded = try tiny.load(.fast)
    let prompts = prompts(loaded, 32)
    let company = try together(loaded, prompts, steps: 64)
    var same = 0
    for index in prompts.indices {
      let alone = try together(loaded, [prompts[index]], steps: 64)
      same += zip(company.tokens[index], alone.tokens[0]).count { $0 == $1 }
    }
    #expect(same >= prompts.count * 64 * 99 / 100)
  }
}
