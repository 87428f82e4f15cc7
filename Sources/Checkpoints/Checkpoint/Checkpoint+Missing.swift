import Basics

extension Checkpoint {
  /// The error for a missing tensor, with the probable reason and advice.
  func missing(_ name: String) -> FileError {
    if kind == .configurationOnly {
      return FileError(
        .incomplete, file: path, "the folder has no weights (*.safetensors or *.gguf)",
        advice: "download the model's weights into it")
    }
    if configuration?["quantization"] == nil, let method = quantizationMethod(configuration) {
      return FileError(
        .unsupported, file: path, "the weights are quantised with \(method), which is not supported",
        advice: nearQuantizations)
    }
    let others = names
    let example = others.first.map { ", such as \($0)" } ?? ""
    return FileError(
      .incomplete, file: path, place: "tensor \(name)",
      "is not among the \(others.count) tensors of the model\(example)",
      advice: others.isEmpty
        ? "download the model again"
        : "use another conversion of the model; this one names or stores it differently")
  }

  /// The quantisation method of another library that is not supported at all; nil if there is none.
  var unsupportedQuantization: String? {
    // A conversion by MLX may keep the settings of the weights that it converted.
    guard configuration?["quantization"] == nil, let method = quantizationMethod(configuration) else {
      return nil
    }
    let supported = [
      "'gptq'", "'awq'", "'fp8'", "'fbgemm_fp8'", "'compressed-tensors'", "'mxfp4'", "'bitnet'",
    ]
    return supported.contains(method.lowercased()) ? nil : method
  }
}

/// What a user of an unsupported quantisation can use instead.
let nearQuantizations =
  "use the model's original weights, its FP8, GPTQ or AWQ (4 bits) version, an MLX conversion or a GGUF file"

/// The name of the quantisation method of another library in config.json, for errors; nil if there is none.
func quantizationMethod(_ configuration: JSON?) -> String? {
  let settings = configuration?["quantization_config"] ?? configuration?["compression_config"]
  return (settings?["quant_method"]?.asString ?? settings?["quant_algo"]?.asString).map {
    "'\(printable($0))'"
  }
}
