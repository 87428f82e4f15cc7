import Basics
import Checkpoints
import Foundation

/// A small model whose next token depends only on the last one, so that its whole output is known: after a line feed
/// it writes `answer` (each byte once), then the token `end`.
struct ChainModel {
  /// Files beside the weights, and the tokenizer's added tokens.
  var answer = "Hi ok."
  /// Added tokens from id 256 on, with the keys of tokenizer.json.
  var added: [JSON] = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"].map {
    ["content": .string($0), "special": true]
  }
  /// The id that follows the answer.
  var end = 257
  var template = """
    {%- for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor -%}
    {%- if add_generation_prompt %}<|im_start|>assistant\n{% endif -%}
    """
  var files: [String: String] = [:]
  /// The tokens that the embedding has.
  var vocabularySize = 288
  /// Names of vectors beside the model's tensors.
  var spareTensors: [String] = []

  /// Writes the model; returns its path.
  func write(in folder: URL) throws -> String {
    let model = folder.appending(path: "chain-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
    func put(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: model.appending(path: name))
    }
    try put("config.json", configuration.text())
    try put("tokenizer.json", tokenizer.text())
    try put("chat_template.jinja", template)
    for (name, text) in files { try put(name, text) }
    try writeWeights(model.appending(path: "model.safetensors").path)
    return model.path
  }

  private var configuration: JSON {
    [
      "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": .integer(vocabularySize),
      "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1,
      "head_dim": 8, "vocab_size": .integer(vocabularySize), "rms_norm_eps": 0.00001, "rope_theta": 10000.0,
      "hidden_act": "silu", "max_position_embeddings": 512, "tie_word_embeddings": false,
    ]
  }

  private var tokenizer: JSON {
    var vocabulary = JSONObject()
    var next = 256
    for byte in 0..<256 {
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
      let scalar = Unicode.Scalar(UInt32(isPrintable ? byte : next)).map { String(Character($0)) } ?? ""
      vocabulary[scalar] = .integer(byte)
      if !isPrintable { next += 1 }
    }
    let tokens = added.enumerated().map { index, token -> JSON in
      guard case .object(var object) = token else { return token }
      if object["id"] == nil { object["id"] = .integer(256 + index) }
      return .object(object)
    }
    let bytes: JSON = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
    return [
      "added_tokens": .array(tokens), "pre_tokenizer": bytes, "decoder": bytes,
      "model": ["type": "BPE", "vocab": .object(vocabulary), "merges": []],
    ]
  }

  private func writeWeights(_ path: String) throws {
    let (size, layer) = (vocabularySize, "model.layers.0.")
    func zeros(_ count: Int) -> [Float] { Array(repeating: 0, count: count) }
    func ones(_ count: Int) -> [Float] { Array(repeating: 1, count: count) }
    var embedding = zeros(size * size)
    var head = zeros(size * size)
    for id in 0..<size { embedding[id * size + id] = 1 }
    let chain = [10] + answer.utf8.map { Int($0) }
    var next = Dictionary(uniqueKeysWithValues: zip(chain, chain.dropFirst() + [end]))
    for id in 0..<size where next[id] == nil { next[id] = end }
    for (last, id) in next { head[id * size + last] = 1 }
    let tensors: [(String, [Int], [Float])] = [
      ("model.embed_tokens.weight", [size, size], embedding), ("model.norm.weight", [size], ones(size)),
      ("lm_head.weight", [size, size], head), (layer + "input_layernorm.weight", [size], ones(size)),
      (layer + "post_attention_layernorm.weight", [size], ones(size)),
      (layer + "self_attn.q_proj.weight", [8, size], zeros(8 * size)),
      (layer + "self_attn.k_proj.weight", [8, size], zeros(8 * size)),
      (layer + "self_attn.v_proj.weight", [8, size], zeros(8 * size)),
      (layer + "self_attn.o_proj.weight", [size, 8], zeros(8 * size)),
      (layer + "mlp.gate_proj.weight", [32, size], zeros(32 * size)),
      (layer + "mlp.up_proj.weight", [32, size], zeros(32 * size)),
      (layer + "mlp.down_proj.weight", [size, 32], zeros(32 * size)),
    ]
    let writer = try SafetensorsWriter(
      path, tensors.map { .float32($0.0, $0.1) } + spareTensors.map { .float32($0, [2]) })
    for tensor in tensors { try writer.append(tensor.2) }
    for _ in spareTensors { try writer.append(ones(2)) }
    try writer.finish()
  }
}
