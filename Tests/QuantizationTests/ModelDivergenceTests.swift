import Checkpoints
import Foundation
import Quantization
import TestSupport
import Testing

@Suite struct ModelDivergenceTests {
  private static let tokens: [Int32] = (0..<48).map { ($0 * 37 + 11) % 90 }

  private func divergence(_ name: String, to target: String, group: Int = 32, mixed: Bool = false) throws -> (
    bits: Double, divergence: ModelDivergence
  ) {
    let folder = try TemporaryFolder()
    let original = try Checkpoint.open(Repository.tinyModel(name).path)
    let work = try ModelQuantization(
      original, to: QuantizationTarget(name: target, group: group), mixed: mixed)
    try work.write(to: folder.path + "/copy", threads: 2) { _, _ in }
    let found = try ModelDivergence(
      original, Checkpoint.open(folder.path + "/copy"), tokens: Self.tokens, threads: 2
    ) { _, _ in }
    return (work.bitsPerParameter, found)
  }

  @Test func aModelDoesNotDivergeFromItself() throws {
    let model = try Checkpoint.open(Repository.tinyModel("qwen3-bf16").path)
    let found = try ModelDivergence(model, model, tokens: Self.tokens, threads: 1) { _, _ in }
    #expect(found.mean == 0 && found.largest == 0 && found.agreement == 1 && found.tokens == 48)
  }

  @Test func moreBitsAreCloser() throws {
    let all = try ["q3", "q4", "q6", "q8"].map { try divergence("qwen3-bf16", to: $0).divergence.mean }
    #expect(all == all.sorted(by: >) && all.allSatisfy { $0 > 0 })
  }

  /// At the bits of the mixed copy, uniform copies diverge as those of the neighbouring bits do, on a logarithmic scale:
  /// a bit more is a quarter of the squared error.
  @Test(arguments: ["qwen3-bf16", "llama-tied-bf16", "gemma3-bf16", "ernie4-bf16"])
  func mixedIsBetterThanUniformAtItsSize(name: String) throws {
    let mixed = try divergence(name, to: "q3", mixed: true)
    let uniform = try ["q3", "q4", "q5", "q6"].map { try divergence(name, to: $0) }
    let above = try #require(uniform.firstIndex { $0.bits > mixed.bits })
    let (low, high) = (uniform[max(0, above - 1)], uniform[above])
    let share = (mixed.bits - low.bits) / max(high.bits - low.bits, 1e-9)
    let expected = log(low.divergence.mean) * (1 - share) + log(high.divergence.mean) * share
    #expect(log(mixed.divergence.mean) < expected)
  }

  @Test func otherTokensAreRefused() throws {
    let model = try Checkpoint.open(Repository.tinyModel("qwen3-bf16").path)
    for tokens in [[], [-1], [1 << 20]] as [[Int32]] {
      #expect(throws: QuantizationError.self) {
        try ModelDivergence(model, model, tokens: tokens, threads: 1) { _, _ in }
      }
    }
  }
}
