import Basics

/// The quantisation parameters of a layer of an MLX conversion, from `quantization` in config.json.
struct QuantizationSettings: Equatable, Sendable {
  enum Mode: String, Sendable { case affine, mxfp4, mxfp8, nvfp4 }

  var mode = Mode.affine
  var bits = 4
  var groupSize = 64

  /// Missing parameters get MLX's defaults, which depend on the mode.
  init(mode: Mode = .affine, bits: Int? = nil, groupSize: Int? = nil) {
    self.mode = mode
    self.bits = bits ?? (mode == .mxfp8 ? 8 : 4)
    self.groupSize = groupSize ?? (mode == .affine ? 64 : mode == .nvfp4 ? 16 : 32)
  }

  /// The entry for a layer in config.json.
  enum Entry: Equatable {
    /// The layer is not quantised.
    case plain
    case packed(QuantizationSettings)
    /// The settings are not supported; the text is the reason.
    case unsupported(String)
  }

  /// The entry for the layer `name` (without `.weight`): its own entry if there is one, otherwise the settings of all
  /// layers. Nil if config.json has no MLX quantisation.
  static func of(_ name: String, in configuration: JSON?) -> Entry? {
    guard let all = configuration?["quantization"] ?? configuration?["quantization_config"],
      case .object(let entries) = all, entries.contains("group_size") || entries.contains("bits")
    else { return nil }
    switch entries[name] {
    case .bool(false)?: return .plain
    case .object? where entries[name]?.asObject?.isEmpty == false: return parse(entries[name] ?? all)
    default: return parse(all)
    }
  }

  private static func parse(_ json: JSON) -> Entry {
    do {
      let name = try json.optionalString("mode") ?? "affine"
      guard let mode = Mode(rawValue: name) else { return .unsupported("quantisation mode \"\(name)\"") }
      let settings = QuantizationSettings(
        mode: mode, bits: try json.optionalInteger("bits"), groupSize: try json.optionalInteger("group_size"))
      return settings.isPossible ? .packed(settings) : .unsupported("\(settings)")
    } catch { return .unsupported("\(error)") }
  }

  private var isPossible: Bool {
    switch mode {
    case .affine: [1, 2, 3, 4, 5, 6, 8].contains(bits) && [32, 64, 128].contains(groupSize)
    case .mxfp4: bits == 4 && groupSize == 32
    case .mxfp8: bits == 8 && groupSize == 32
    case .nvfp4: bits == 4 && groupSize == 16
    }
  }
}

extension QuantizationSettings: CustomStringConvertible {
  var description: String { "\(mode.rawValue), \(bits) bits in groups of \(groupSize)" }
}
