import Basics

/// The tensors of a weight that was quantised by GPTQ or AWQ, whose rows are inputs.
///
/// GPTQ packs 32 bits of consecutive inputs of one output into a word: `qweight` [inputs * bits / 32, outputs]. AWQ packs
/// eight outputs of one input: [inputs, outputs / 8]. `scales` are [groups, outputs], and `qzeros` [groups, outputs *
/// bits / 32] are packed along the outputs by both.
struct ZeroPointTensors: Sendable {
  let values: SafetensorsStore.Place
  let zeros: SafetensorsStore.Place
  let scales: SafetensorsStore.Place
  /// GPTQ's group of every input.
  let groups: SafetensorsStore.Place?

  enum Method: String { case gptq = "GPTQ", awq = "AWQ" }

  /// A layout that was found possible.
  struct Layout {
    let method: Method
    let bits: Int
    let inputs: Int, outputs: Int
    /// Inputs that share a scale in the file, and in the repacked weight: at most 128.
    let fileGroup: Int, group: Int
    /// What GPTQ's first version subtracted from the zero points.
    let zeroOffset: Int
  }

  func label(_ configuration: JSON?) -> String {
    guard let layout = try? layout(configuration) else { return "GPTQ or AWQ" }
    return "\(layout.method.rawValue) \(layout.bits)-bit g\(layout.fileGroup)"
  }

  /// Why the tensors cannot be used.
  struct Problem: Error {
    let kind: FileError.Kind
    let text: String
  }

  /// The layout, by the shapes and the settings in config.json.
  func layout(_ configuration: JSON?) throws(Problem) -> Layout {
    let settings = configuration?["quantization_config"]
    let shape = values.tensor.shape, extents = scales.tensor.shape
    guard values.tensor.type == .int32, zeros.tensor.type == .int32, shape.count == 2, extents.count == 2,
      extents.allSatisfy({ $0 > 0 }), scales.tensor.type.scaleType != nil
    else { throw Problem(kind: .damaged, text: "not the tensors of GPTQ or AWQ: \(shape) and \(extents)") }
    let bits = settings?["bits"]?.asInteger ?? settings?["w_bit"]?.asInteger ?? 4
    let outputs = extents[1], method: Method = shape[1] == outputs ? .gptq : .awq
    guard method == .gptq ? [2, 4, 8].contains(bits) : bits == 4 else {
      let widths = method == .gptq ? "2, 4 and 8" : "4"
      throw Problem(
        kind: .unsupported, text: "\(method.rawValue) with \(bits) bits is not supported; \(widths) bits are")
    }
    if method == .awq, let version = settings?["version"]?.asString?.lowercased(), version != "gemm" {
      throw Problem(kind: .unsupported, text: "AWQ's layout '\(version)' is not supported; 'gemm' is")
    }
    let inputs = method == .gptq ? shape[0] * 32 / bits : shape[0]
    guard method == .gptq || shape[1] * 8 == outputs, inputs % extents[0] == 0,
      zeros.tensor.shape == [extents[0], (outputs * bits + 31) / 32]
    else {
      throw Problem(
        kind: .damaged,
        text:
          "the shapes \(shape), \(zeros.tensor.shape) and \(extents) do not match \(method.rawValue), \(bits) bits"
      )
    }
    let fileGroup = inputs / extents[0]
    let group = [128, 64, 32].first { fileGroup % $0 == 0 }
    guard let group else {
      throw Problem(
        kind: .unsupported, text: "groups of \(fileGroup) inputs are not supported; multiples of 32 are")
    }
    let isSecond = settings?["checkpoint_format"]?.asString == "gptq_v2"
    return Layout(
      method: method, bits: bits, inputs: inputs, outputs: outputs, fileGroup: fileGroup, group: group,
      zeroOffset: method == .gptq && !isSecond ? 1 : 0)
  }
}
