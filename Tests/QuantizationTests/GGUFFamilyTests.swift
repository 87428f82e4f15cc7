import Basics
import Checkpoints
import Compute
import Foundation
import Models
import Quantization
import TestSupport
import Testing

/// A GGUF file of every architecture that can be written, loaded again: its logits are those of transformers for the
/// original. Tests/Scripts/check_gguf_families.py compares the files with those of llama.cpp's converter.
@Suite struct GGUFFamilyTests {
  /// One small model of each architecture; models whose settings GGUF has no keys for are absent.
  static let names = [
    "bailing-moe-bf16", "cohere-bf16", "cohere2-bf16", "deepseek-v2", "deepseek-v3", "ernie4-bf16", "exaone4",
    "falcon-h1", "falcon-mamba", "gemma", "gemma2-bf16", "gemma3-bf16", "glm4-bf16", "gpt-oss-openai",
    "granite-bf16", "granite-hybrid", "granite-moe-bf16", "granite-moe-shared-bf16", "hunyuan", "jamba",
    "lfm2",
    "llama-biases-f16-sharded", "llama-fp8-block", "llama-rope-llama3", "llama-tied-bf16", "mamba",
    "mamba2-groups-bf16", "mamba2-plain", "ministral3", "mixtral-bf16", "nemotron-h", "olmo2-bf16",
    "olmo3-bf16",
    "olmoe-bf16", "phi3-bf16", "qwen2-moe-bf16", "qwen3-bf16", "qwen3-moe-bf16", "qwen3-next-bf16",
    "seed-oss-bf16", "smollm3-bf16", "starcoder2",
  ]

  @Test(arguments: names)
  func theLogitsAreTheSame(name: String) throws {
    let folder = try TemporaryFolder()
    let source = try withTokenizer(name, in: folder)
    let output = folder.path + "/model.gguf"
    let work = try GGUFQuantization(Checkpoint.open(source), to: GGUFTarget(name: "f32"), template: nil)
    try work.write(to: output, threads: 2) { _, _ in }
    let reference = try SafetensorsFile(Repository.tinyModel(name).path + "/reference.safetensors")
    let tokens: [Int32] = try numbers("tokens", in: reference)
    let expected: [Float] =
      try numbers("prefill_logits", in: reference) + numbers("decode_logits", in: reference)
    let backend = CPUBackend(precision: .exact, threads: 2)
    let model = try Registry.model(Checkpoint.open(output), backend: backend)
    let sequence = SequenceState(caches: model.makeCaches())
    let found = backend.values(
      try model.forward(ForwardInput(tokens: tokens, sequence: sequence, allLogits: true)))
    try #require(found.count == expected.count)
    let deviation = (expected.reduce(0) { $0 + $1 * $1 } / Float(expected.count)).squareRoot()
    let error = zip(found, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(error < 1e-4 * deviation)
  }

  /// A copy of a small model with a byte-level vocabulary of as many tokens as it has.
  private func withTokenizer(_ name: String, in folder: TemporaryFolder) throws -> String {
    let path = folder.path + "/source"
    try FileManager.default.copyItem(atPath: Repository.tinyModel(name).path, toPath: path)
    let configuration = try #require(Checkpoint.open(path).configuration)
    let count = try #require(configuration["vocab_size"]?.asInteger)
    let vocabulary = (0..<count).map { "\"t\($0)\": \($0)" }.joined(separator: ", ")
    let json = """
      {"added_tokens": [], "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
       "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {\(vocabulary)}, "merges": []}}
      """
    try Data(json.utf8).write(to: URL(filePath: path + "/tokenizer.json"))
    return path
  }

  private func numbers<Number: BitwiseCopyable>(_ name: String, in file: SafetensorsFile) throws -> [Number] {
    let tensor = try #require(file.tensors.first { $0.name == name })
    let bytes = try #require(file.bytes(tensor))
    return (0..<tensor.numbers).map {
      bytes.pointer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: Number.self)
    }
  }
}
