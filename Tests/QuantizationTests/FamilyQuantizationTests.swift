import Basics
import Checkpoints
import Foundation
import Models
import Quantization
import TestSupport
import Testing

/// Families whose tensors mlx-lm renames, transposes or reshapes. Tests/Scripts/check_quantize.py compares the bits.
@Suite struct FamilyQuantizationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// 8 bits are near the logits of the original.
  @Test(arguments: [
    "apertus", "dots1", "exaone-moe", "glm4-moe-lite", "gpt-neox", "gpt2", "kimi-linear-wide",
    "minimax-m2-wide",
    "mistral4", "phimoe", "plamo2", "recurrent-gemma", "rwkv7-wide",
  ])
  func theLogitsAreThoseOfTheModel(name: String) throws {
    let model = try QuantizedModel.write(Repository.tinyModel(name).path, to: folder.path + "/out")
    #expect(Registry.problem(with: model.summary) == nil)
    #expect(try QuantizedModel.medianError(of: model, from: name) < 0.05)
  }

  /// Routers and mlx-lm's other exceptions have 8 bits, and settings of their own.
  @Test(
    arguments: [
      ("minimax-m2-wide", "model.layers.0.block_sparse_moe.gate", ["group_size": 64, "bits": 8]),
      ("kimi-linear-wide", "model.layers.1.mlp.gate", ["group_size": 64, "bits": 8]),
      ("rwkv7-wide", "model.embeddings", ["bits": 8]),
      ("rwkv7-wide", "model.layers.0.attn.w_lora.lora.2", ["bits": 8]),
      ("phimoe", "model.layers.0.block_sparse_moe.gate", nil),
    ] as [(String, String, JSON?)])
  func exceptionsHaveEightBits(name: String, layer: String, settings: JSON?) throws {
    let model = try QuantizedModel.write(
      Repository.tinyModel(name).path, to: folder.path + "/out", as: "mxfp4", group: nil)
    #expect(model.configuration?["quantization"]?[layer] == settings)
    let format = try model.weight(layer + ".weight").format
    #expect(
      settings == nil
        ? format == .mxfp4Planar : format == .affine(bits: 8, groupSize: 64, scale: .bfloat16))
  }

  /// Correction biases and the parameters of decays are not rounded.
  @Test(arguments: [
    ("minimax-m2-wide", "model.layers.0.block_sparse_moe.e_score_correction_bias", [4]),
    ("kimi-linear-wide", "model.layers.1.mlp.e_score_correction_bias", [4]),
    ("kimi-linear-wide", "model.layers.0.self_attn.A_log", [1, 1, 2, 1]),
    ("kimi-linear-wide", "model.layers.0.self_attn.dt_bias", [32]),
  ])
  func someNumbersKeepTheirType(name: String, tensor: String, shape: [Int]) throws {
    let model = try QuantizedModel.write(Repository.tinyModel(name).path, to: folder.path + "/out")
    #expect(try model.weight(tensor).format == .float32)
    #expect(model.shape(tensor) == shape)
    #expect(try model.weight("model.norm.weight").format == .bfloat16)
  }

  private func checkpoint(_ configuration: JSON, _ tensors: [String: [Int]]) throws -> Checkpoint {
    try folder.write("source/config.json", configuration.text())
    let sorted = tensors.sorted { $0.key < $1.key }
    let writer = try SafetensorsWriter(
      folder.path + "/source/model.safetensors", sorted.map { .float32($0.key, $0.value) })
    for tensor in sorted { try writer.append([Float](repeating: 1, count: tensor.value.reduce(1, *))) }
    try writer.finish()
    return try Checkpoint.open(folder.path + "/source")
  }

  private func shapes(_ checkpoint: Checkpoint) throws -> [String: [Int]] {
    let tensors = try Registry.mlxTensors(checkpoint).map { ($0.name, $0.shape) }
    return Dictionary(tensors, uniquingKeysWith: { $1 })
  }

  /// Masks and a head that is the embedding are left out; matrices of a conversion are not transposed again.
  @Test func checkpointsOfGPT2HaveTwoForms() throws {
    let expected = ["model.wte.weight": [10, 4], "model.h.0.attn.c_attn.weight": [12, 4]]
    let original = try checkpoint(
      ["model_type": "gpt2"],
      [
        "transformer.wte.weight": [10, 4], "transformer.h.0.attn.c_attn.weight": [4, 12],
        "transformer.h.0.attn.bias": [1, 1, 8, 8], "transformer.h.0.attn.masked_bias": [1],
        "lm_head.weight": [10, 4],
      ])
    #expect(try shapes(original) == expected)
    #expect(try shapes(checkpoint(["model_type": "gpt2"], expected)) == expected)
  }

  /// Names of GPT-NeoX, with masks and without.
  @Test func checkpointsOfGPTNeoXHaveTwoForms() throws {
    let expected = [
      "model.embed_in.weight": [10, 4], "model.embed_out.weight": [10, 4],
      "model.h.0.attention.dense.bias": [4],
    ]
    let original = try checkpoint(
      ["model_type": "gpt_neox"],
      [
        "gpt_neox.embed_in.weight": [10, 4], "embed_out.weight": [10, 4],
        "gpt_neox.layers.0.attention.dense.bias": [4], "gpt_neox.layers.0.attention.bias": [1, 1, 8, 8],
        "gpt_neox.layers.0.attention.masked_bias": [1],
        "gpt_neox.layers.0.attention.rotary_emb.inv_freq": [2],
      ])
    #expect(try shapes(original) == expected)
    #expect(try shapes(checkpoint(["model_type": "gpt_neox"], expected)) == expected)
  }

  /// mlx-lm drops the correction bias of ERNIE's mixtures, without which other experts are chosen.
  @Test func ernieWithACorrectionBiasIsRefused() throws {
    let target = try QuantizationTarget(name: "q4", group: 32)
    let error = #expect(throws: ModelError.self) {
      try ModelQuantization(Checkpoint.open(Repository.tinyModel("ernie4-moe").path), to: target)
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("lack the correction bias") && text.contains("--to gguf:"))
    let plain = try checkpoint(
      ["model_type": "ernie4_5_moe"],
      ["model.layers.0.mlp.gate.weight": [2, 4], "model.mtp_block.0.norm.weight": [4]])
    #expect(try shapes(plain) == ["model.layers.0.mlp.gate.weight": [2, 4]])
  }

  /// mlx-lm has no head for it.
  @Test func gpt2WithAHeadIsRefused() throws {
    let source = try checkpoint(
      ["model_type": "gpt2", "tie_word_embeddings": false],
      ["wte.weight": [10, 32], "lm_head.weight": [10, 32]])
    let error = #expect(throws: ModelError.self) { try Registry.mlxTensors(source) }
    #expect(error.map { "\($0)".contains("tie_word_embeddings") } == true)
  }

  /// 8 bits have groups of 64, which a layer of 32 columns does not fit; mlx-lm fails too.
  @Test(arguments: ["minimax-m2", "rwkv7", "kimi-linear"])
  func narrowRoutersAreRefused(name: String) throws {
    let target = try QuantizationTarget(name: "q4", group: 32)
    let error = #expect(throws: QuantizationError.self) {
      try ModelQuantization(Checkpoint.open(Repository.tinyModel(name).path), to: target)
    }
    #expect(error?.description.contains("choose a target with groups of 64") == true)
  }
}
