import Basics
import Checkpoints

extension ModelConfiguration {
  /// The configuration of the language model in a config.json: with transformers' defaults for the keys that are missing.
  ///
  /// - Throws: `ModelError` for a model whose text part does not work as a language model by itself, and for a missing
  ///   epsilon without a known default.
  static func completed(_ json: JSON) throws(ModelError) -> ModelConfiguration {
    if json["model_type"]?.asString == "paligemma" {
      throw .unsupported(
        "PaliGemma attends to the prompt in both directions, which is not supported; its text model cannot be used"
      )
    }
    return ModelConfiguration(.object(languageModel(in: json)))
  }

  /// This configuration with the defaults of the class for a missing epsilon and for other missing keys whose default
  /// differs from this program's.
  /// - Throws: `ModelError.missingKey` if there is no known default; `ModelError.unsupported` for attention to later
  ///   positions.
  func withDefaults() throws(ModelError) -> ModelConfiguration {
    guard var object = json.asObject, let type = object["model_type"]?.asString else { return self }
    func has(_ key: String) -> Bool { !(object[key] ?? .null).isNull }
    let bidirectional = "use_bidirectional_attention"
    // "vision" concerns the positions of images only.
    let attendsToAll: [JSON] = [true, "all"]
    if object["is_causal"] == .bool(false) || attendsToAll.contains(object[bidirectional] ?? .null) {
      let key = object["is_causal"] == .bool(false) ? "is_causal" : bidirectional
      throw .unsupported("'\(key)': attention to later positions is not supported")
    }
    if let base = ConfigurationDefaults.ropeBase(of: type), !has("rope_theta"),
      !["rope_parameters", "rope_scaling"].contains(where: { !(object[$0]?["rope_theta"] ?? .null).isNull })
    {
      object["rope_theta"] = .number(base)
    }
    if let parameters = ConfigurationDefaults.ropeParameters(of: type), !has("rope_parameters"),
      !has("rope_scaling")
    {
      object["rope_parameters"] = parameters
    }
    // null is a value, such as that of no cap.
    for (key, value) in ConfigurationDefaults.others(of: type) where !object.contains(key) {
      object[key] = value
    }
    if let (key, value) = ConfigurationDefaults.epsilon(of: type) {
      if !has(key) { object[key] = .number(value) }
    } else if !ConfigurationDefaults.typesWithFixedEpsilon.contains(type),
      !ConfigurationDefaults.epsilonKeys.contains(where: has), has("hidden_size")
    {
      throw .missingKey("rms_norm_eps")
    }
    return ModelConfiguration(.object(object))
  }

  /// The members of config.json, or of the object in which a multimodal checkpoint nests its language model's, with the
  /// defaults of its class.
  private static func languageModel(in json: JSON) -> JSONObject {
    guard var text = json.languageModelPart else { return json.asObject ?? JSONObject() }
    if (text["model_type"] ?? .null).isNull, let whole = json["model_type"]?.asString {
      text["model_type"] = .string(ConfigurationDefaults.textTypes[whole] ?? whole)
    }
    let type = text["model_type"]?.asString ?? ""
    // Only keys that are missing: null is a value, such as that of no sliding window.
    for (key, value) in ConfigurationDefaults.textModel(type) where !text.contains(key) { text[key] = value }
    if !text.contains("tie_word_embeddings"), let tied = json["tie_word_embeddings"] {
      text["tie_word_embeddings"] = tied
    }
    return text
  }
}
