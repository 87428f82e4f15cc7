import Basics
import Checkpoints
import Compute
import Models
import TestSupport
import Testing

/// Incomplete configurations: the text models of multimodal checkpoints, and norms without an epsilon.
struct MultimodalConfigurationTests {
  private static let names =
    [
      "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight",
      "model.layers.0.input_layernorm.weight",
      "model.layers.0.post_attention_layernorm.weight", "model.layers.0.pre_feedforward_layernorm.weight",
      "model.layers.0.post_feedforward_layernorm.weight",
    ]
    + [
      "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "self_attn.q_norm",
      "self_attn.k_norm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
    ].map { "model.layers.0.\($0).weight" }

  /// Weights that remember the shapes that were asked for.
  private final class Shapes: WeightSource {
    var shapes: [String: [Int]] = [:]
    func contains(_ name: String) -> Bool { MultimodalConfigurationTests.names.contains(name) }
    func storedWeight(_ name: String, shape: [Int]) throws -> Weight {
      shapes[name] = shape
      let count = shape.reduce(1, *)
      return try Weight(
        format: .bfloat16, shape: shape, values: Bytes(copying: [UInt16](repeating: 0, count: count)))
    }
  }

  private func shapes(_ configuration: JSON) throws -> (ModelFacts, [String: [Int]]) {
    let source = Shapes()
    let model = try Registry.model(configuration, source, backend: CPUBackend(precision: .exact, threads: 1))
    return (model.facts, source.shapes)
  }

  /// The head counts, head sizes and vocabularies of transformers' configuration classes, with small other sizes.
  @Test(arguments: [
    // type of the whole, members of text_config, rows of q and k, vocabulary
    ("gemma3", #""model_type": "gemma3_text""#, 8 * 256, 4 * 256, 262_208),
    ("gemma3", "", 8 * 256, 4 * 256, 262_208),
    ("gemma3", #""num_attention_heads": 4"#, 4 * 256, 4 * 256, 262_208),
    ("gemma3", #""head_dim": 32, "vocab_size": 100"#, 8 * 32, 4 * 32, 100),
    ("llava", #""model_type": "llama""#, 64, 64, 32000), ("llava", "", 64, 64, 32000),
    ("llava_next", #""model_type": "mistral""#, 64, 16, 32000),
    ("llava_onevision", #""model_type": "qwen2""#, 64, 64, 151_936),
    ("mistral3", #""model_type": "mistral", "head_dim": 4"#, 32 * 4, 8 * 4, 32000),
    ("mistral3", "", 64, 16, 32000),
    ("qwen2_vl", #""model_type": "qwen2_vl_text""#, 128, 16, 152_064),
    ("qwen2_vl", #""rope_scaling": {"type": "mrope", "mrope_section": [1, 0, 0]}"#, 128, 16, 152_064),
    ("qwen2_5_vl", "", 128, 16, 152_064), ("qwen3_vl", "", 32 * 128, 32 * 128, 151_936),
    ("smolvlm", #""model_type": "llama", "vocab_size": 49280"#, 64, 64, 49280),
    ("idefics3", #""num_key_value_heads": 8"#, 64, 16, 32000),
    ("video_llava", "", 64, 64, 32000), ("internvl", "", 64, 64, 151_936),
  ])
  func textModelsHaveTheDefaultsOfTheirClass(
    _ whole: String, _ text: String, _ queries: Int, _ keys: Int, _ vocabulary: Int
  ) throws {
    let hidden = whole.hasPrefix("qwen2_") ? 128 : 64
    let own = text.isEmpty ? "" : ", " + text
    let (facts, shapes) = try shapes(
      JSON(
        parsing: """
          {"model_type": "\(whole)", "vision_config": {"hidden_size": 8},
           "text_config": {"hidden_size": \(hidden), "intermediate_size": 64, "num_hidden_layers": 1\(own)}}
          """))
    #expect(shapes["model.layers.0.self_attn.q_proj.weight"] == [queries, hidden])
    #expect(shapes["model.layers.0.self_attn.k_proj.weight"] == [keys, hidden])
    #expect(facts.vocabularyCount == vocabulary)
  }

  @Test(arguments: [
    (#"{"model_type": "paligemma", "text_config": {"model_type": "gemma"}}"#, "PaliGemma"),
    (#"{"model_type": "mllama", "text_config": {"model_type": "mllama_text_model"}}"#, "mllama_text_model"),
    (#"{"model_type": "florence2", "text_config": {"hidden_size": 8}}"#, "florence2"),
    (#"{"text_config": {"hidden_size": 8, "rms_norm_eps": 1e-6}}"#, "model_type"),
    (#"{"model_type": "bailing_moe_v9", "hidden_size": 8}"#, "bailing_moe_v9"),
    (#"{"model_type": "llava", "text_config": []}"#, "llava"),
    (#"{"model_type": "llava", "text_config": 3}"#, "llava"),
  ])
  func othersAreRefusedByName(_ text: String, _ word: String) throws {
    let error = #expect(throws: ModelError.self) { try self.shapes(JSON(parsing: text)) }
    #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
  }

  /// The logits depend on the epsilon: those without the key are those with the class's default.
  @Test(arguments: [
    ("llama-plain", "rms_norm_eps", 1e-6), ("mixtral-bf16", "rms_norm_eps", 1e-5),
    ("glm4-bf16", "rms_norm_eps", 1.5625e-7),
    ("cohere-bf16", "layer_norm_eps", 1e-5), ("mamba2-plain", "layer_norm_epsilon", 1e-5),
    ("olmo2-bf16", "rms_norm_eps", 1e-5), ("gemma3-plain", "rms_norm_eps", 1e-6),
    ("phi3-bf16", "rms_norm_eps", 1e-5),
  ])
  func aMissingEpsilonIsTheDefaultOfTheClass(_ name: String, _ key: String, _ value: Double) throws {
    let checkpoint = try TinyModel(name: name).checkpoint()
    func logits(_ epsilon: Double?) throws -> [Float] {
      var members = try #require(checkpoint.configuration?.asObject)
      members[key] = epsilon.map { .number($0) }
      let backend = CPUBackend(precision: .exact, threads: 1)
      let model = try Registry.model(.object(members), checkpoint, backend: backend)
      let sequence = SequenceState(caches: model.makeCaches())
      return backend.values(try model.forward(ForwardInput(tokens: [1, 2, 3], sequence: sequence)))
    }
    #expect(try logits(nil) == logits(value))
    #expect(try logits(nil) != logits(1e-2))
  }

  /// A prefix of all names that no table has, as training frameworks prepend.
  @Test(arguments: ["base_model.model.", "module.", "_orig_mod.", "x.y.z."])
  func foreignPrefixesAreRecognised(_ prefix: String) throws {
    let folder = try TemporaryFolder()
    let original = Repository.tinyModel("llama-plain")
    let header = try SafetensorsFile(original.appending(path: "model.safetensors").path)
    let writer = try SafetensorsWriter(
      folder.path + "/model.safetensors", header.tensors.map { .bytes(prefix + $0.name, $0.type, $0.shape) })
    for tensor in header.tensors { try writer.append(#require(header.bytes(tensor))) }
    try writer.finish()
    let tiny = TinyModel(name: "llama-plain")
    try folder.write("config.json", #require(try tiny.checkpoint().configuration).text())
    let backend = CPUBackend(precision: .exact, threads: 1)
    let model = try Registry.model(Checkpoint.open(folder.path), backend: backend)
    let (tokens, expected) = try tiny.reference()
    let sequence = SequenceState(caches: model.makeCaches())
    let output = try model.forward(ForwardInput(tokens: tokens, sequence: sequence, allLogits: true))
    #expect(distance(backend.values(output).rows(model.facts.vocabularyCount), expected) < 1e-4)
  }

  /// Whether a multimodal checkpoint can be run depends on its language model.
  @Test(
    arguments: [
      (#"{"model_type": "mistral3", "text_config": {"model_type": "mistral4"}}"#, nil),
      (#"{"model_type": "mistral3", "text_config": {}}"#, nil),
      (#"{"model_type": "llava", "llm_config": {"model_type": "qwen2"}}"#, nil),
      (
        #"{"model_type": "gemma3", "text_config": {"model_type": "other"}}"#,
        "the architecture other is not supported"
      ),
      (#"{"model_type": "other", "text_config": {}}"#, "the architecture other is not supported"),
      (#"{"model_type": "mistral3"}"#, "the architecture mistral3 is not supported"),
    ] as [(String, String?)])
  func theLanguageModelDecidesWhetherACheckpointRuns(_ configuration: String, _ problem: String?) throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("config.json", configuration)
    let writer = try SafetensorsWriter(folder.path + "/model.safetensors", [.float32("a", [1])])
    try writer.append([Float(0)])
    try writer.finish()
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(Registry.problem(with: checkpoint.summary) == problem)
  }
}
