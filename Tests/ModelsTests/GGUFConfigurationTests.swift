import Basics
import Checkpoints
import Compute
import Foundation
import Models
import TestSupport
import Testing

/// Metadata of GGUF files that only some files have, or lack.
struct GGUFConfigurationTests {
  /// The logits of a small model whose file was changed.
  private func logits(_ name: String, _ change: ([UInt8]) -> [UInt8]) throws -> [Float] {
    let folder = try TemporaryFolder()
    let file = Array(try Data(contentsOf: Repository.tinyModel(name).appending(path: "model.gguf")))
    let path = try folder.write("model.gguf", change(file))
    let backend = CPUBackend(precision: .exact, threads: 1)
    let model = try Registry.model(Checkpoint.open(path), backend: backend)
    let sequence = SequenceState(caches: model.makeCaches())
    return backend.values(try model.forward(ForwardInput(tokens: [1, 2, 3, 4, 5, 6], sequence: sequence)))
  }

  private func logits(_ name: String, _ metadata: [(String, GGUFBytes.Value)]) throws -> [Float] {
    try logits(name) { GGUFBytes.adding(metadata, to: $0) }
  }

  /// As in llama.cpp: the older key has the factor if the newer one is missing, the type is linear if it is missing, and
  /// a factor of 0 is none.
  @Test(arguments: [("gguf-llama-32", "llama"), ("gguf-qwen3", "qwen3"), ("gguf-qwen2", "qwen2")])
  func theOlderKeyOfLinearScalingIsObeyed(_ name: String, _ prefix: String) throws {
    let (old, type, new) = (
      "\(prefix).rope.scale_linear", "\(prefix).rope.scaling.type", "\(prefix).rope.scaling.factor"
    )
    let plain = try logits(name, [])
    let scaled = try logits(name, [(type, .string("linear")), (new, .float(4))])
    #expect(plain != scaled)
    #expect(try logits(name, [(old, .float(4))]) == scaled)
    #expect(try logits(name, [(new, .float(4))]) == scaled)
    #expect(try logits(name, [(type, .string("linear")), (old, .float(4))]) == scaled)
    #expect(try logits(name, [(old, .float(2)), (new, .float(4))]) == scaled)
    #expect(try logits(name, [(old, .float(1))]) == plain)
    #expect(try logits(name, [(old, .float(0))]) == plain)
    #expect(try logits(name, [(type, .string("none")), (old, .float(4))]) == plain)
    for value in [GGUFBytes.Value.float(-1), .float(.nan), .string("4")] {
      #expect(throws: (any Error).self) { try logits(name, [(old, value)]) }
    }
  }

  @Test(arguments: [
    ("gguf-llama-32", "llama"), ("gguf-qwen3", "qwen3"), ("gguf-gemma3", "gemma3"), ("gguf-mamba2", "mamba2"),
    ("gpt-oss-gguf", "gpt-oss"),
  ])
  func aMissingEpsilonIsRefused(_ name: String, _ prefix: String) throws {
    let key = "\(prefix).attention.layer_norm_rms_epsilon"
    let error = #expect(throws: ModelError.self) { try logits(name) { GGUFBytes.removing(key, from: $0) } }
    #expect(error?.description.contains(key) == true, "\(error?.description ?? "")")
  }
}
