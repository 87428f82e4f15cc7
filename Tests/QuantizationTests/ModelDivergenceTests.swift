import Checkpoints
import Foundation
import Quantization
import TestSupport
import Testing

@Suite struct ModelDivergenceTests {
  private static let tokens: [Int32] = (0..<48).map { ($0 * 37 + 11) % 90 }

  private func divergence(_ name: String, to target: String, mixed: Bool = false) throws -> ModelDivergence {
    let folder = try TemporaryFolder()
    let original = try Checkpoint.open(Repository.tinyModel(name).path)
    let work = try ModelQuantization(
      original, to: QuantizationTarget(name: target, group: 32), mixed: mixed)
    try work.write(to: folder.path + "/copy", threads: 2) { _, _ in }
    return try ModelDivergence(
      original, Checkpoint.open(folder.path + "/copy"), tokens: Self.tokens, threads: 2
    ) { _, _ in }
  }

  @Test func aModelDoesNotDivergeFromItself() throws {
    let model = try Checkpoint.open(Repository.tinyModel("qwen3-bf16").path)
    let found = try ModelDivergence(model, model, tokens: Self.tokens, threads: 1) { _, _ in }
    #expect(found.mean == 0 && found.largest == 0 && found.agreement == 1 && found.tokens == 48)
  }

  @Test func moreBitsAreCloser() throws {
    let all = try ["q3", "q4", "q6", "q8"].map { try divergence("qwen3-bf16", to: $0).mean }
    #expect(all == all.sorted(by: >) && all.allSatisfy { $0 > 0 })
    #expect(try divergence("qwen3-bf16", to: "q3", mixed: true).mean < all[0])
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
