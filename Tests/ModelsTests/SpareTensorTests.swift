import Basics
import Checkpoints
import Compute
import Foundation
import Models
import TestSupport
import Testing

/// A file with tensors that the configuration does not ask for is refused: without its norms, biases or last layers a model
/// would answer, but wrongly.
struct SpareTensorTests {
  private static let taken: Set = [
    "language_model.model.embed_tokens.weight", "language_model.model.norm.weight",
    "language_model.model.layers.0.self_attn.q_proj.weight",
    "language_model.model.layers.1.self_attn.q_proj.weight", "language_model.model.layers.1.self_attn.sinks",
  ]

  private func spare(_ names: [String], taken: Set<String> = taken, predictors: Range<Int> = 0..<0)
    -> SpareTensors
  {
    SpareTensors(names + taken.sorted(), taken: taken, predictors: predictors) { $0.hasSuffix(".attn.bias") }
  }

  @Test func tensorsOfTheLanguageModelAreNeeded() {
    let names = [
      "language_model.model.layers.0.self_attn.q_norm.weight",
      "language_model.model.layers.1.self_attn.q_proj.bias",
      "language_model.model.layers.1.self_attn.q_proj.lora_A.weight",
      "language_model.model.layers.2.mlp.up_proj.weight",
      "language_model.model.norm.bias",
    ]
    #expect(spare(names).needed == names && spare(names).unknown == [])
    for (name, taken) in [
      ("blk.1.attn_q.bias", "blk.0.attn_q.weight"), ("h.1.attn.c_attn.bias", "h.0.attn.c_attn.weight"),
      ("output_norm.bias", "output_norm.weight"),
      ("model.layers.layers.1.norm.weight", "model.layers.layers.0.mlp.weight"),
    ] {
      #expect(spare([name], taken: [taken]).needed == [name])
    }
  }

  @Test func whatIsNotOfTheLanguageModelIsUnknown() {
    let names = [
      "language_model.model.final_scale", "language_model.model.memory.layers.0.weight", "extra.weight",
      "model.layers.0.self_attn.q_proj.weight",
    ]
    #expect(spare(names).unknown == names && spare(names).needed == [])
  }

  /// Encoders, tied heads, prediction layers, tables and masks, and what quantisers leave behind.
  @Test(arguments: [
    ["vision_tower.layers.0.norm.weight"], ["model.visual.blocks.0.attn.qkv.bias"],
    ["multi_modal_projector.linear_1.weight"], ["v.blk.0.attn_q.weight", "mm.0.weight"],
    ["language_model.lm_head.weight"], ["score.weight"],
    ["language_model.model.layers.0.self_attn.rotary_emb.inv_freq"], ["mtp.layers.0.norm.weight"],
    ["language_model.model.layers.2.eh_proj.weight", "language_model.model.layers.2.mlp.up_proj.weight"],
    ["language_model.model.layers.0.self_attn.q_proj.g_idx"],
    ["language_model.model.layers.0.self_attn.q_proj.input_scale"],
    ["language_model.model.layers.0.self_attn.k_proj.k_scale"],
    ["language_model.model.layers.0.attn.bias", "language_model.model.layers.0.attn.masked_bias"],
    ["language_model.model.mtp_block.0.norm.weight"], ["rope_freqs.weight"],
    ["language_model.model.layers.0.self_attn.key_decay"],
  ])
  func othersAreHarmless(_ names: [String]) {
    #expect(spare(names).needed == [] && spare(names).unknown == [])
  }

  /// GGUF files mark layers for multi-token prediction; config.json may count them.
  @Test func layersForPredictionAreHarmless() {
    let marked = ["blk.1.nextn.eh_proj.weight", "blk.1.ffn_up.weight"]
    #expect(spare(marked, taken: ["blk.0.ffn_up.weight"]).needed == [])
    let counted = ["language_model.model.layers.2.mlp.up_proj.weight"]
    #expect(spare(counted, predictors: 2..<3).needed == [])
    #expect(spare(counted, predictors: 3..<4).needed == counted)
  }

  /// The models of the fixtures, of every architecture, are complete.
  @Test(arguments: TinyModel.all)
  func theFixturesHaveNoSpareTensors(_ tiny: TinyModel) throws {
    var warnings: [String] = []
    let checkpoint = try tiny.checkpoint()
    _ = try Registry.model(
      checkpoint, backend: CPUBackend(precision: .exact, threads: 1), warn: { warnings.append($0) })
    #expect(warnings == [])
    let trial = Registry.trial(checkpoint, limit: .seconds(60))
    #expect(trial.problem == nil && trial.warnings == [])
  }

  /// Norms, biases and layers that a changed configuration leaves out, and the tensor that the message names.
  @Test(arguments: [
    ("qwen3-bf16", "model_type", #""llama""#, "self_attn.k_norm.weight"),
    ("glm4-moe-mlx-affine4-64", "use_qk_norm", "false", "self_attn.k_norm.weight"),
    ("llama-plain", "num_hidden_layers", "1", "model.layers.1."),
    ("nemotron-h", "n_shared_experts", "0", "mixer.shared_experts."),
  ])
  func configurationsThatLeaveTensorsOutAreRefused(
    _ fixture: String, _ key: String, _ value: String, _ named: String
  ) throws {
    let error = #expect(throws: ModelError.self) {
      try TinyModel(name: fixture).model { $0[key] = try JSON(parsing: value) }
    }
    let message = "\(try #require(error))"
    #expect(message.contains(named) && message.contains("does not use"), "\(message)")
  }

  @Test func metadataThatLeavesLayersOutIsRefused() throws {
    let folder = try TemporaryFolder()
    let file = Array(try Data(contentsOf: Repository.tinyModel("gguf-qwen3").appending(path: "model.gguf")))
    let shorter = GGUFBytes.adding(
      [("qwen3.block_count", .integer(1))], to: GGUFBytes.removing("qwen3.block_count", from: file))
    let checkpoint = try Checkpoint.open(folder.write("model.gguf", shorter))
    let error = #expect(throws: ModelError.self) {
      try Registry.model(checkpoint, backend: CPUBackend(precision: .exact, threads: 1))
    }
    #expect("\(try #require(error))".contains("blk.1."))
  }

  /// A fixture with more tensors in its file.
  private func extended(
    _ fixture: String, _ extra: [(name: String, numbers: [Float])], shape: [Int]? = nil,
    _ change: (inout JSONObject) -> Void = { _ in }
  ) throws -> Checkpoint {
    let folder = try TemporaryFolder()
    let original = Repository.tinyModel(fixture).path
    guard case .object(var settings) = try #require(Checkpoint.open(original).configuration) else {
      throw CocoaError(.fileReadCorruptFile)
    }
    change(&settings)
    try folder.write("config.json", JSON.object(settings).text())
    let source = try SafetensorsFile(original + "/model.safetensors")
    let kept = source.tensors.filter { tensor in !extra.contains { $0.name == tensor.name } }
    let writer = try SafetensorsWriter(
      folder.path + "/model.safetensors",
      kept.map { .bytes($0.name, $0.type, $0.shape) }
        + extra.map { .float32($0.name, shape ?? [$0.numbers.count]) })
    for tensor in kept { try writer.append(#require(source.bytes(tensor))) }
    for tensor in extra { try writer.append(tensor.numbers) }
    try writer.finish()
    return try Checkpoint.open(folder.path)
  }

  /// A head that the configuration ties to the embeddings is used if it differs from them, as transformers does.
  @Test func aTiedHeadThatDiffersIsUsed() throws {
    let tiny = TinyModel(name: "llama-plain")
    let checkpoint = try extended("llama-plain", []) { $0["tie_word_embeddings"] = true }
    let trial = Registry.trial(checkpoint, limit: .seconds(60))
    #expect(trial.problem == nil && trial.warnings.count == 1)
    #expect(trial.warnings.first?.contains("lm_head.weight") == true)
    let backend = CPUBackend(precision: .exact, threads: 1)
    let model = try Registry.model(checkpoint, backend: backend)
    let (tokens, expected) = try tiny.reference()
    let sequence = SequenceState(caches: model.makeCaches())
    let output = try model.forward(ForwardInput(tokens: tokens, sequence: sequence, allLogits: true))
    #expect(distance(backend.values(output).rows(model.facts.vocabularyCount), expected) < 1e-4)
  }

  /// PyTorch's files have both names of a tied matrix.
  @Test func aTiedHeadThatIsTheSameIsNoWarning() throws {
    let source = try SafetensorsFile(Repository.tinyModel("llama-plain").path + "/model.safetensors")
    let table = try #require(source.tensors.first { $0.name == "model.embed_tokens.weight" })
    let bytes = try #require(source.bytes(table))
    let numbers = (0..<table.numbers).map {
      bytes.pointer.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
    }
    let checkpoint = try extended("llama-plain", [("lm_head.weight", numbers)], shape: table.shape) {
      $0["tie_word_embeddings"] = true
    }
    let trial = Registry.trial(checkpoint, limit: .seconds(60))
    #expect(trial.problem == nil && trial.warnings == [])
  }

  @Test func tensorsOfUnknownUseAreWarnedOf() throws {
    let trial = try Registry.trial(
      extended("llama-plain", [("model.memory", [1, 2]), ("vision_tower.x", [1])]), limit: .seconds(60))
    #expect(trial.problem == nil)
    let warning = try #require(trial.warnings.first)
    #expect(trial.warnings.count == 1 && warning.contains("the tensor model.memory,"), "\(warning)")
  }

  /// A bias is in the file although the configuration has none, and a bias of zeros, as some quantisers add.
  @Test(arguments: [nil, false, true])
  func biasesThatAreNotStatedAreRefused(_ stated: Bool?) throws {
    let name = "model.layers.0.self_attn.q_proj.bias"
    let rows = try #require(
      Checkpoint.open(Repository.tinyModel("llama-plain").path).shape(
        "model.layers.0.self_attn.q_proj.weight")?
        .first)
    func load(_ number: Float) throws {
      let checkpoint = try extended("llama-plain", [(name, Array(repeating: number, count: rows))]) {
        $0["attention_bias"] = stated.map { .bool($0) }
      }
      _ = try Registry.model(checkpoint, backend: CPUBackend(precision: .exact, threads: 1))
    }
    try load(0)
    guard stated != true else { return try load(0.5) }
    let error = #expect(throws: ModelError.self) { try load(0.5) }
    let message = "\(try #require(error))"
    #expect(message.contains(name) && message.contains(#""attention_bias" to true"#), "\(message)")
  }
}
