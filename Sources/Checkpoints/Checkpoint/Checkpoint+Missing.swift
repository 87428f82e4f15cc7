import Basics

extension Checkpoint {
  /// The error for a missing tensor, with the probable reason and advice.
  func missing(_ name: String) -> FileError {
    if kind == .configurationOnly {
      return FileError(
        .incomplete, file: path, "the folder has no weights (*.safetensors or *.gguf)",
        advice: "download the model's weights into it")
    }
    if let method = unsupportedQuantization {
      return FileError(
        .unsupported, file: path, "the weights are quantised with \(method), which is not supported",
        advice: "use the model's original weights, a GGUF file or an MLX conversion")
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

  /// The name of an unsupported quantisation method of another library; nil if there is none.
  var unsupportedQuantization: String? {
    // A conversion by MLX may keep the settings of the weights that it converted.
    if configuration?["quantization"] != nil { return nil }
    let settings = configuration?["quantization_config"] ?? configuration?["compression_config"]
    let known = [
      "gptq": "GPTQ", "awq": "AWQ", "bitsandbytes": "bitsandbytes",
      "compressed-tensors": "compressed-tensors",
      "fp8": "FP8 scales", "hqq": "HQQ", "aqlm": "AQLM", "quanto": "Quanto", "eetq": "EETQ", "exl2": "EXL2",
      "torchao": "torchao", "fbgemm_fp8": "FP8 scales",
    ]
    if let name = settings?["quant_method"]?.asString?.lowercased(), let method = known[name] {
      return method
    }
    return names.contains { $0.hasSuffix(".qweight") } ? "GPTQ or AWQ" : nil
  }
}
