import Basics
import Checkpoints
import Models

/// The tensors of a quantised model in the order of its files, with the format of each.
struct QuantizationPlan {
  /// A tensor of the model.
  struct Entry {
    let tensor: MLXTensor
    /// How it is quantised; nil for a tensor that is only rounded.
    let target: QuantizationTarget?
    /// The type of its numbers, or of the scales of a quantised layer.
    let type: WeightFormat.ScaleType
    /// Whether the layer is in MXFP4 already and stays so.
    var isKept = false
    /// The settings in config.json where they are not those of all layers.
    var settings: JSON?

    /// Bytes of all its planes.
    var bytes: Int { declarations.reduce(0) { $0 + $1.bytes } }

    /// The tensors in the file: of a quantised layer `.weight`, `.scales` and, for affine groups, `.biases`.
    var declarations: [(name: String, type: SafetensorsType, shape: [Int], bytes: Int)] {
      if isKept, let columns = tensor.shape.last {
        let rows = tensor.shape.dropLast()
        return [
          plane(tensor.name, .uint32, rows + [columns / 8]),
          plane(tensor.layer + ".scales", .uint8, rows + [columns / 32]),
        ]
      }
      guard let target, let columns = tensor.shape.last else {
        return [plane(tensor.name, SafetensorsType(type), tensor.shape)]
      }
      let rows = tensor.shape.dropLast()
      let groups = rows + [columns / target.groupSize]
      let values = plane(tensor.name, .uint32, rows + [columns * target.bits / 32])
      guard target.mode == "affine" else { return [values, plane(tensor.layer + ".scales", .uint8, groups)] }
      return [
        values, plane(tensor.layer + ".scales", SafetensorsType(type), groups),
        plane(tensor.layer + ".biases", SafetensorsType(type), groups),
      ]
    }

    private func plane(
      _ name: String, _ type: SafetensorsType, _ shape: some Sequence<Int>
    ) -> (name: String, type: SafetensorsType, shape: [Int], bytes: Int) {
      (name, type, Array(shape), shape.reduce(1, *) * (type.size ?? 0))
    }
  }

  let target: QuantizationTarget
  private(set) var entries: [Entry] = []
  /// The settings of the layers without their own in config.json.
  private(set) var settings: JSON = .null

  /// - Throws: `QuantizationError` if the model is quantised already, or has no layer that can be quantised.
  init(_ checkpoint: Checkpoint, _ target: QuantizationTarget, mixed: Bool) throws {
    self.target = target
    let sensitive = target.forSensitiveLayers
    guard !mixed || sensitive != nil else {
      throw QuantizationError("--mixed is for q2 to q6; this target has no layers with more bits")
    }
    let common = Self.commonType(checkpoint)
    let tensors = try Registry.mlxTensors(checkpoint)
    let layers = SensitiveLayers(tensors)
    for tensor in tensors {
      let name = tensor.tensor.parts[0].source
      let source = try checkpoint.weight(name)
      if source.format == .mxfp4Planar {
        entries.append(Entry(tensor: tensor, target: nil, type: .bfloat16, isKept: true))
        continue
      }
      guard let type = source.format.numberType else {
        throw QuantizationError(
          "\(checkpoint.path): \(name) is quantised already (\(source.format)); use the original weights")
      }
      let kept = tensor.keepsType ? type : common ?? type
      let columns = tensor.shape.last ?? 0
      var entry = Entry(tensor: tensor, target: nil, type: kept)
      if tensor.role != .plain, columns % target.leastColumns == 0 {
        var choice = target
        if case .eightBits = tensor.role {
          choice = .eightBits
        } else if mixed, let sensitive, layers.contains(tensor) {
          choice = sensitive
        }
        guard columns % choice.groupSize == 0 else {
          throw QuantizationError(
            "\(tensor.name) has \(columns) columns, which its 8 bits in groups of 64 do not fit; choose a target with groups of 64"
          )
        }
        entry = Entry(tensor: tensor, target: choice, type: kept)
        if case .eightBits(let settings) = tensor.role {
          entry.settings = settings
        } else if choice != target {
          entry.settings = choice.settings
        }
      }
      entries.append(entry)
    }
    settings = target.settings
    if entries.contains(where: \.isKept) {
      // The settings are those of the kept layers; all others have their own.
      settings = QuantizationTarget("mxfp4", bits: 4, groupSize: 32).settings
      for index in entries.indices where entries[index].settings == nil {
        entries[index].settings = entries[index].target?.settings
      }
    }
    guard entries.contains(where: { $0.target != nil }) else {
      throw QuantizationError(
        "\(checkpoint.path): no layer has columns that are a multiple of \(target.groupSize); choose a smaller --group"
      )
    }
  }

  /// The type that all numbers are rounded to, which mlx-lm reads from config.json; nil to keep each tensor's.
  private static func commonType(_ checkpoint: Checkpoint) -> WeightFormat.ScaleType? {
    let configuration = checkpoint.configuration
    switch configuration?["torch_dtype"]?.asString ?? configuration?["text_config"]?["dtype"]?.asString {
    case "bfloat16"?: return .bfloat16
    case "float16"?: return .float16
    case "float32"?: return .float32
    default: return nil
    }
  }
}

/// The layers that a mixed quantisation gives more bits: the embedding and the head, and the value and down projections of
/// the first and the last eighth of the layers, as llama.cpp's Q4_K_M has it.
struct SensitiveLayers {
  private let count: Int

  init(_ tensors: [MLXTensor]) {
    count = (tensors.compactMap { Self.index($0.name) }.max() ?? -1) + 1
  }

  func contains(_ tensor: MLXTensor) -> Bool {
    let parts = tensor.layer.split(separator: ".")
    guard let index = Self.index(tensor.name), let last = parts.last else {
      let ends = ["embed_tokens", "embeddings", "lm_head", "wte", "embed_in", "embed_out"]
      return ends.contains(parts.last.map(String.init) ?? "")
    }
    guard ["v_proj", "down_proj"].contains(last) else { return false }
    let eighth = max(1, count / 8)
    return index < eighth || index >= count - eighth
  }

  private static func index(_ name: String) -> Int? {
    name.split(separator: ".").lazy.compactMap { Int($0) }.first
  }
}

extension WeightFormat {
  /// The type of the numbers, as MLX would load them; nil for quantised formats.
  var numberType: ScaleType? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16, .float8(_, .float32): .bfloat16
    default: nil
    }
  }
}

extension SafetensorsType {
  init(_ type: WeightFormat.ScaleType) {
    switch type {
    case .float32: self = .float32
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    }
  }
}

extension WeightFormat {
  /// The format of numbers of a type.
  init(_ type: ScaleType) {
    switch type {
    case .float32: self = .float32
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    }
  }
}
