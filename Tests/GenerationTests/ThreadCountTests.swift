import Basics
import Checkpoints
import Compute
import Foundation
import Models
import Testing

/// Logits must not depend on the number of threads: a seed gives one text, whatever the number of threads.
struct ThreadCountTests {
  /// All fixtures, including GGUF files.
  static var paths: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: TinyModels.folder.path)) ?? []
    return names.sorted().map { name in
      let folder = TinyModels.folder.appending(path: name).path
      let gguf = folder + "/model.gguf"
      return FileManager.default.fileExists(atPath: gguf) ? gguf : folder
    }
  }

  @Test func thereAreModels() { #expect(Self.paths.count >= 16) }

  @Test(arguments: paths, Precision.allCases)
  func logitsAreEqualBitForBit(_ path: String, _ precision: Precision) throws {
    var expected: [UInt32]?
    for threads in [1, 2, 3, 5] {
      let logits = try Self.logits(path, precision, threads: threads)
      expected = expected ?? logits
      #expect(logits == expected, "\(threads) threads")
    }
  }

  /// The bits of the logits of a long prompt, short ones and single tokens.
  private static func logits(_ path: String, _ precision: Precision, threads: Int) throws -> [UInt32] {
    let backend = CPUBackend(precision: precision, threads: threads)
    let model = try Registry.model(Checkpoint.open(path), backend: backend)
    var random = SplitMix64(seed: 3)
    let vocabulary = Int32(model.facts.vocabularyCount)
    let sequence = SequenceState(caches: model.makeCaches())
    var logits: [Float] = []
    for count in [500, 37, 1, 5, 1, 1] {
      let tokens = (0..<count).map { _ in Int32.random(in: 0..<vocabulary, using: &random) }
      let input = ForwardInput(tokens: tokens, sequence: sequence, allLogits: true)
      logits += backend.values(try model.forward(input))
    }
    return logits.map(\.bitPattern)
  }
}
