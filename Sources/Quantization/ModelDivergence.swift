import Basics
import Checkpoints
import Compute
import Foundation
import Models

/// How far the predictions of a copy of a model are from those of the original.
public struct ModelDivergence: Sendable {
  /// The mean Kullback-Leibler divergence of the copy's next token from the original's, in nats.
  public let mean: Double
  /// The largest divergence of a token.
  public let largest: Double
  /// The part of the tokens after which both models find the same token the most probable.
  public let agreement: Double
  /// The number of tokens that were compared.
  public let tokens: Int

  /// Compares two models in float32, in passes of 64 tokens. Both stay mapped; memory holds their caches and the logits of
  /// a pass.
  /// - Parameters:
  ///   - tokens: at least one; each is followed by a prediction.
  ///   - progress: called with the tokens that are done, and all; throws to stop.
  /// - Throws: `QuantizationError` if the vocabularies differ, `ModelError` or `FileError` if a model cannot be run.
  public init(
    _ original: Checkpoint, _ copy: Checkpoint, tokens: [Int32], threads: Int,
    progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws {
    let runs = try [Run(original, threads: threads), Run(copy, threads: threads)]
    let vocabulary = runs[0].vocabulary
    guard runs[1].vocabulary >= vocabulary else {
      throw QuantizationError("\(copy.path): the vocabulary is smaller than that of \(original.path)")
    }
    guard !tokens.isEmpty, tokens.allSatisfy({ $0 >= 0 && Int($0) < vocabulary }) else {
      throw QuantizationError("no tokens to compare the models with")
    }
    var sum = 0.0, most = 0.0, same = 0
    for start in stride(from: 0, to: tokens.count, by: 64) {
      let part = Array(tokens[start..<min(tokens.count, start + 64)])
      let logits = try runs.map { try $0.logits(part) }
      for row in part.indices {
        let p = logits[0][row * runs[0].vocabulary..<row * runs[0].vocabulary + vocabulary]
        let q = logits[1][row * runs[1].vocabulary..<row * runs[1].vocabulary + vocabulary]
        let divergence = Self.divergence(p, q)
        sum += divergence
        most = max(most, divergence)
        if Self.top(p) == Self.top(q) { same += 1 }
      }
      try progress(start + part.count, tokens.count)
    }
    self.tokens = tokens.count
    mean = sum / Double(tokens.count)
    largest = most
    agreement = Double(same) / Double(tokens.count)
  }

  /// The sum of p * (log p - log q) for the probabilities p and q of two rows of logits.
  private static func divergence(_ p: ArraySlice<Float>, _ q: ArraySlice<Float>) -> Double {
    let (a, b) = (normalizer(p), normalizer(q))
    return zip(p, q).reduce(0) { sum, pair in
      let log = Double(pair.0) - a
      return sum + exp(log) * (log - (Double(pair.1) - b))
    }
  }

  /// The logarithm of the sum of exponentials.
  private static func normalizer(_ row: ArraySlice<Float>) -> Double {
    let most = Double(row.max() ?? 0)
    return most + log(row.reduce(0.0) { $0 + exp(Double($1) - most) })
  }

  private static func top(_ row: ArraySlice<Float>) -> Int? {
    row.indices.max { row[$0] < row[$1] }.map { $0 - row.startIndex }
  }

  /// One of the models with a sequence that grows.
  private struct Run {
    let backend: CPUBackend
    let model: any LanguageModel
    let sequence: SequenceState
    var vocabulary: Int { model.facts.vocabularyCount }

    init(_ checkpoint: Checkpoint, threads: Int) throws {
      backend = CPUBackend(precision: .exact, threads: threads)
      model = try Registry.model(checkpoint, backend: backend)
      sequence = SequenceState(caches: model.makeCaches())
    }

    func logits(_ tokens: [Int32]) throws -> [Float] {
      backend.values(try model.forward(ForwardInput(tokens: tokens, sequence: sequence, allLogits: true)))
    }
  }
}
