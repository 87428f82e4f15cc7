import Basics
import Checkpoints
import Compute
import Foundation
import Models
import Quantization
import TestSupport
import Testing

/// The language model of a multimodal checkpoint in MLX's format. Tests/Scripts/check_quantize.py compares the bytes with
/// those of mlx-lm.
@Suite struct MultimodalQuantizationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func quantized(_ path: String, group: Int? = 32, as name: String) throws -> Checkpoint {
    try QuantizedModel.write(path, to: folder.path + "/" + name, group: group)
  }

  /// A small model as the language model of a multimodal one, beside other parts.
  private func wrapped(_ name: String, type: String, _ names: (String) -> String, others: [String]) throws
    -> String
  {
    let source = try SafetensorsFile(Repository.tinyModel(name).path + "/model.safetensors")
    let path = folder.path + "/source"
    let text = try #require(Checkpoint.open(Repository.tinyModel(name).path).configuration)
    let configuration: JSON = [
      "model_type": .string(type), "text_config": text, "vision_config": ["hidden_size": 4],
      "torch_dtype": text["torch_dtype"] ?? .null,
    ]
    try folder.write("source/config.json", configuration.text())
    let writer = try SafetensorsWriter(
      path + "/model.safetensors",
      source.tensors.map { .bytes(names($0.name), $0.type, $0.shape) } + others.map { .float32($0, [2, 32]) })
    for tensor in source.tensors { try writer.append(#require(source.bytes(tensor))) }
    for _ in others { try writer.append([Float](repeating: 1, count: 64)) }
    try writer.finish()
    return path
  }

  /// The numbers are those of the same model alone, under the names that mlx-lm gives them.
  @Test(
    arguments: [
      ("gemma3-bf16", "gemma3"), ("mistral-window-bf16", "mistral3"), ("ministral3", "mistral3"),
      ("mistral4", "mistral3"),
    ],
    ["language_model.model.", "model.language_model."])
  func theLanguageModelIsQuantised(part: (name: String, type: String), prefix: String) throws {
    let source = try wrapped(
      part.name, type: part.type,
      { $0.hasPrefix("model.") ? prefix + $0.dropFirst("model.".count) : "language_model." + $0 },
      others: ["vision_tower.layer.weight", "multi_modal_projector.mm_input_projection_weight"])
    let model = try quantized(source, as: "out")
    #expect(model.names.allSatisfy { $0.hasPrefix("language_model.") })
    #expect(model.configuration?["vision_config"] == nil)
    let alone = try quantized(Repository.tinyModel(part.name).path, as: "alone")
    #expect(
      model.configuration?["text_config"]?["model_type"] == alone.configuration?["model_type"])
    #expect(Registry.problem(with: model.summary) == nil)
    #expect(model.names.count == alone.names.count)
    let tokens: [Int32] = [1, 7, 3, 20, 9, 11]
    #expect(try QuantizedModel.logits(model, tokens) == QuantizedModel.logits(alone, tokens))
  }

  /// 8 bits are near transformers' logits of the original.
  @Test(arguments: ["gemma3n", "gemma4-shared-caches", "qwen3-5"])
  func theLogitsAreNearTheOriginals(name: String) throws {
    let model = try quantized(Repository.tinyModel(name).path, as: "out")
    #expect(try QuantizedModel.error(of: model, from: name) < 0.2)
  }

  /// Of the others it is not known what mlx-lm does, or it does not have them.
  @Test(arguments: [("llama-tied-bf16", "llama"), ("mistral-window-bf16", "llava_next")])
  func otherModelsAreRefused(name: String, type: String) throws {
    let part = try wrapped(name, type: type, { "language_model." + $0 }, others: [])
    let error = #expect(throws: ModelError.self) { try quantized(part, as: "out") }
    #expect(error.map { "\($0)".contains("multimodal") } == true)
  }
}
