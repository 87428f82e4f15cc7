import Basics
import Checkpoints
import Compute
import Foundation
import Models
import Quantization
import TestSupport
import Testing

/// A GGUF file of every architecture that can be written, loaded again: its logits are those of the original, according to
/// transformers where the model is as it is. Tests/Scripts/check_gguf_families.py compares the files with those of
/// llama.cpp's converter.
@Suite struct GGUFFamilyTests {
  /// A small model, and other values of its settings: those that llama.cpp has.
  struct Case: CustomTestStringConvertible {
    let name: String
    var changes: JSON = [:]
    var testDescription: String { name }
  }

  private static let full: JSON = ["full_attention", "full_attention", "full_attention", "full_attention"]
  private static let sliding: JSON = ["sliding_attention", "sliding_attention", "sliding_attention"]

  private static let longRope: JSON = [
    "type": "longrope", "long_factor": [1, 1.5, 2, 3, 4, 5, 6, 7], "short_factor": [1, 1, 1, 1, 1, 1, 1, 1],
    "long_mscale": 1.25, "short_mscale": 1.125,
  ]

  private static let unchanged: [Case] = [
    "apertus", "bailing-moe-bf16", "cohere-bf16", "deepseek-v2", "deepseek-v3", "dots1", "ernie4-bf16",
    "ernie4-moe",
    "exaone-moe", "gemma4-shared-caches", "gemma4-text", "glm4-bf16", "glm4-moe-lite",
    "gpt-neox", "gpt2",
    "granite-bf16",
    "granite-moe-bf16", "granite-moe-shared-bf16", "granite-moe-swa", "granite-swa", "hunyuan", "jamba",
    "kimi-linear", "lfm2", "llama-biases-f16-sharded",
    "llama-fp8-block", "llama-rope-llama3", "llama-tied-bf16", "mamba", "mamba2-groups-bf16",
    "mamba2-plain",
    "minimax-m2", "ministral3", "mixtral-bf16", "nemotron", "olmo2-bf16", "olmo3-bf16", "olmoe-bf16", "phi",
    "phimoe", "plamo2", "qwen2-moe-bf16", "qwen3-5", "qwen3-5-moe", "rwkv7", "seed-oss-bf16", "stablelm",
    "starcoder2",
  ].map { Case(name: $0) }

  private static let changed: [Case] = [
    Case(name: "cohere2-bf16", changes: ["layer_types": sliding, "sliding_window_pattern": 4]),
    Case(name: "exaone4", changes: ["layer_types": full, "sliding_window": nil]),
    Case(
      name: "falcon-h1",
      changes: ["mamba_norm_before_gate": false, "lm_head_multiplier": 2, "embedding_multiplier": 2]),
    Case(name: "falcon-mamba", changes: ["mixer_rms_eps": 1e-5, "layer_norm_epsilon": 1e-5]),
    Case(name: "gemma", changes: ["rope_theta": 10000]),
    Case(name: "gemma2-bf16", changes: ["query_pre_attn_scalar": 16]),
    Case(
      name: "gemma3-bf16",
      changes: ["layer_types": sliding, "sliding_window_pattern": 6, "query_pre_attn_scalar": 16]),
    Case(name: "gpt-oss-openai", changes: ["rope_scaling": ["rope_type": "default"]]),
    Case(name: "granite-hybrid", changes: ["position_embedding_type": "nope"]),
    Case(
      name: "llama4",
      changes: [
        "no_rope_layers": [1, 1, 1, 0], "attention_chunk_size": 8192, "attn_temperature_tuning": true,
      ]),
    Case(name: "phi3-bf16", changes: ["sliding_window": nil]),
    Case(name: "phimoe", changes: ["rope_scaling": longRope]),
    Case(name: "qwen3-bf16", changes: ["use_sliding_window": false]),
    Case(name: "smollm3-bf16", changes: ["no_rope_layers": [1, 1, 1]]),
  ]

  @Test(arguments: unchanged + changed)
  func theLogitsAreTheSame(model: Case) throws {
    let folder = try TemporaryFolder()
    let source = try withTokenizer(model, in: folder)
    let output = folder.path + "/model.gguf"
    let work = try GGUFQuantization(Checkpoint.open(source), to: GGUFTarget(name: "f32"), template: nil)
    try work.write(to: output, threads: 2) { _, _ in }
    let reference = try SafetensorsFile(Repository.tinyModel(model.name).path + "/reference.safetensors")
    let tokens: [Int32] = try numbers("tokens", in: reference)
    let expected: [Float] =
      try model.changes == [:]
      ? numbers("prefill_logits", in: reference) + numbers("decode_logits", in: reference)
      : logits(source, tokens)
    let found = try logits(output, tokens)
    try #require(found.count == expected.count)
    let deviation = (expected.reduce(0) { $0 + $1 * $1 } / Float(expected.count)).squareRoot()
    let error = zip(found, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(error < 1e-4 * deviation)
  }

  /// Every architecture is written, or refused with its name, the model's folder and what to do instead: to write MLX's
  /// format, unless that is refused as well.
  @Test func otherArchitecturesAreRefused() throws {
    var refused: Set<String> = []
    for type in Registry.architectures {
      let folder = try TemporaryFolder()
      _ = try folder.write("config.json", "{\"model_type\": \"\(type)\"}")
      let writer = try SafetensorsWriter(folder.path + "/model.safetensors", [.float32("a", [1])])
      try writer.append([Float(0)])
      try writer.finish()
      let checkpoint = try Checkpoint.open(folder.path)
      let error = #expect(throws: (any Error).self) { try GGUFExport(checkpoint) }
      let text = error.map { "\($0)" } ?? ""
      guard text.contains("cannot be written to a GGUF file") else { continue }
      refused.insert(type)
      let hasMLX = (try? Registry.mlxTensors(checkpoint)) != nil
      for part in [folder.path, type, hasMLX ? "--to q4" : "as it is"] { #expect(text.contains(part)) }
      #expect(hasMLX || !text.contains("--to"))
    }
    #expect(refused == Self.refused)
  }

  /// The families without names in GGUF files, and those whose files are only read.
  private static let refused: Set = [
    "bailing_hybrid", "bailing_moe_linear", "bailing_moe_v3", "bitnet", "helium", "minimax",
    "minimax_text_01", "mistral4", "mobilellm", "olmo_hybrid", "recurrent_gemma",
  ]

  /// Periods of windows, bases and scales for which GGUF has no keys, and layers without experts.
  @Test(arguments: [
    "cohere2-bf16", "exaone4", "falcon-h1", "gemma", "gemma2-bf16", "gemma3-bf16", "granite-hybrid",
    "llama4", "nemotron-h", "qwen3-bf16",
    "qwen3-moe-bf16", "qwen3-next-bf16", "smollm3-bf16",
  ])
  func otherSettingsAreRefused(name: String) throws {
    let folder = try TemporaryFolder()
    let source = try Checkpoint.open(withTokenizer(Case(name: name), in: folder))
    #expect(throws: ModelError.self) {
      try GGUFQuantization(source, to: GGUFTarget(name: "f32"), template: nil)
    }
  }

  /// The setting is named for which GGUF has no key.
  @Test(arguments: [
    (Case(name: "gemma3n"), "laurel_rank"), (Case(name: "gemma"), "rope_theta"),
    (Case(name: "falcon-h1"), "mamba_norm_before_gate"), (Case(name: "llama4"), "no_rope_layers"),
    (Case(name: "olmoe-bf16", changes: ["norm_topk_prob": true]), "norm_topk_prob"),
    (Case(name: "lfm2-moe-mlx-affine4"), "norm_topk_prob"),
  ])
  func theSettingIsNamed(model: Case, key: String) throws {
    let folder = try TemporaryFolder()
    let source = try Checkpoint.open(withTokenizer(model, in: folder))
    let error = #expect(throws: ModelError.self) { try GGUFExport(source) }
    #expect(error.map { "\($0)".contains("'\(key)'") } == true)
  }

  /// llama.cpp has the settings of Gemma 3n's public models, whatever the file says; any other one is named.
  @Test(
    arguments: [
      ("altup_num_inputs", 2), ("laurel_rank", 32), ("hidden_size_per_layer_input", 8),
      ("altup_active_idx", 1),
      ("final_logit_softcapping", 5), ("altup_correct_scale", false),
      ("intermediate_size", [56, 40, 40, 40]),
      ("activation_sparsity_pattern", [0.95, 0.95, 0.95, 0.5]), ("num_kv_shared_layers", 2), ("", nil),
    ] as [(String, JSON)])
  func gemma3nIsWrittenAsLlamaCppRunsIt(key: String, value: JSON) throws {
    let folder = try TemporaryFolder()
    let usual: JSON = [
      "altup_num_inputs": 4, "laurel_rank": 64, "hidden_size_per_layer_input": 256, "altup_active_idx": 0,
      "final_logit_softcapping": 30, "intermediate_size": 56, "num_kv_shared_layers": 0,
      "activation_sparsity_pattern": [0.95, 0.95, 0.95, 0.95],
    ]
    let original = try Checkpoint.open(Repository.tinyModel("gemma3n").path).configuration
    var settings = try #require(original?["text_config"]?.asObject)
    for (name, value) in try #require(usual.asObject) { settings[name] = value }
    if !key.isEmpty { settings[key] = value }
    let model = Case(name: "gemma3n", changes: ["text_config": .object(settings)])
    let source = try Checkpoint.open(withTokenizer(model, in: folder))
    do {
      _ = try GGUFExport(source)
      #expect(key.isEmpty)
    } catch let error as ModelError {
      #expect(!key.isEmpty && "\(error)".contains("'\(key)'"), "\(error)")
    }
  }

  @Test func anInterruptionLeavesNothing() throws {
    struct Interruption: Error {}
    let folder = try TemporaryFolder()
    let source = try Checkpoint.open(withTokenizer(Case(name: "llama-tied-bf16"), in: folder))
    let work = try GGUFQuantization(source, to: GGUFTarget(name: "q8_0"), template: nil)
    #expect(throws: Interruption.self) {
      try work.write(to: folder.path + "/model.gguf", threads: 1) { done, total in
        if done > total / 2 { throw Interruption() }
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["source"])
  }

  /// Tensors of other shapes than the architecture has, and settings that do not fit them.
  @Test(
    arguments: [
      ("gpt-oss-openai", ["num_attention_heads": 3]), ("deepseek-v3", ["qk_nope_head_dim": 7]),
      ("deepseek-v3", ["v_head_dim": 0]), ("llama-tied-bf16", ["num_attention_heads": 7]),
      ("llama-tied-bf16", ["num_hidden_layers": -1]),
      ("llama-rope-llama3", ["rope_scaling": ["rope_type": "other"]]),
      ("falcon-h1", ["mamba_d_ssm": 1_048_576]), ("mamba2-plain", ["n_groups": 0]),
      ("jamba", ["mamba_expand": 1_099_511_627_776]),
      ("mixtral-bf16", ["num_local_experts": "8"]), ("granite-moe-bf16", ["intermediate_size": 1e300]),
    ] as [(String, JSON)])
  func hostileSettingsThrow(name: String, changes: JSON) throws {
    let folder = try TemporaryFolder()
    let source = try Checkpoint.open(withTokenizer(Case(name: name, changes: changes), in: folder))
    // Some of them concern only other parts of the program; none may crash.
    _ = try? GGUFQuantization(source, to: GGUFTarget(name: "q4_k_m"), template: nil)
      .write(to: folder.path + "/model.gguf", threads: 1) { _, _ in }
  }

  @Test func emptyTensorsAndScalarsAreNoCrash() throws {
    let folder = try TemporaryFolder()
    let path = try withTokenizer(Case(name: "llama-tied-bf16"), in: folder)
    for shape in [[], [1], [0, 4], [2, 3, 4]] as [[Int]] {
      for name in ["model.layers.0.self_attn.q_proj.weight", "model.layers.0.mlp.experts.0.up_proj.weight"] {
        let file = path + "/model.safetensors"
        try FileManager.default.removeItem(atPath: file)
        let writer = try SafetensorsWriter(file, [.float32(name, shape)])
        try writer.append([Float](repeating: 1, count: shape.reduce(1, *)))
        try writer.finish()
        #expect(throws: (any Error).self) {
          try GGUFQuantization(Checkpoint.open(path), to: GGUFTarget(name: "q8_0"), template: nil)
        }
      }
    }
  }

  private func logits(_ path: String, _ tokens: [Int32]) throws -> [Float] {
    let backend = CPUBackend(precision: .exact, threads: 2)
    let model = try Registry.model(Checkpoint.open(path), backend: backend)
    let sequence = SequenceState(caches: model.makeCaches())
    return backend.values(
      try model.forward(ForwardInput(tokens: tokens, sequence: sequence, allLogits: true)))
  }

  /// A copy of a small model with a byte-level vocabulary of as many tokens as it has.
  private func withTokenizer(_ model: Case, in folder: TemporaryFolder) throws -> String {
    let path = folder.path + "/source"
    try FileManager.default.copyItem(atPath: Repository.tinyModel(model.name).path, toPath: path)
    var object = try #require(Checkpoint.open(path).configuration?.asObject)
    for (key, value) in model.changes.asObject ?? JSONObject() { object[key] = value }
    let file = URL(filePath: path + "/config.json")
    try FileManager.default.removeItem(at: file)
    try Data(JSON.object(object).text().utf8).write(to: file)
    let count = try #require((object["vocab_size"] ?? object["text_config"]?["vocab_size"])?.asInteger)
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
