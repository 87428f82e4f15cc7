import Basics

/// The weights of a safetensors model with one or several files, each with the planes of its packed form.
struct SafetensorsStore: WeightStore {
  /// The file and entry of a tensor.
  struct Place: Sendable {
    let file: Int
    let tensor: SafetensorsTensor
  }

  /// The tensors of one weight.
  enum Layout: Sendable {
    case plain(Place)
    /// MLX: `X.weight`, `X.scales` and, for affine groups, `X.biases`.
    case packed(base: String, values: Place, scales: Place, biases: Place?)
    /// OpenAI's gpt-oss: `X_blocks` and `X_scales`.
    case blocks(values: Place, scales: Place)
    /// FP8: `X` and `X_scale_inv` (DeepSeek's blocks) or `X_scale` (a tensor, its rows or blocks), or no scale.
    case float8(values: Place, scale: Place?)
    /// BitNet: `X`, bytes of four ternary numbers, and `X_scale`.
    case ternary(values: Place, scale: Place)
    /// GPTQ and AWQ: `X.qweight`, `X.qzeros`, `X.scales` and GPTQ's `X.g_idx`, as `X.weight`.
    case zeroPoints(ZeroPointTensors)
  }

  let files: [MappedFile]
  let names: [String]
  /// config.json, with the quantisation settings of the layers.
  let configuration: JSON?
  let layouts: [ExactString: Layout]
  private let shards: [SafetensorsFile]

  init(_ shards: [SafetensorsFile], configuration: JSON?) throws(FileError) {
    self.shards = shards
    files = shards.map(\.mapping)
    self.configuration = configuration
    var places: [ExactString: Place] = [:]
    for (index, shard) in shards.enumerated() {
      for tensor in shard.tensors {
        guard places.updateValue(Place(file: index, tensor: tensor), forKey: ExactString(tensor.name)) == nil
        else {
          throw FileError(
            .damaged, file: shard.mapping.path, place: "tensor \(tensor.name)", "occurs twice")
        }
      }
    }
    (names, layouts) = Self.assemble(shards.flatMap(\.tensors), places)
  }

  var tensors: [StoredTensor] {
    shards.enumerated().flatMap { index, shard in
      shard.tensors.map {
        StoredTensor(name: $0.name, type: "\($0.type)", shape: $0.shape, file: index, bytes: $0.bytes)
      }
    }
  }

  /// Groups tensors into weights by their names and types.
  private static func assemble(
    _ tensors: [SafetensorsTensor], _ places: [ExactString: Place]
  ) -> (names: [String], layouts: [ExactString: Layout]) {
    func place(_ name: String) -> Place? { places[ExactString(name)] }
    var names: [String] = []
    var layouts: [ExactString: Layout] = [:]
    for tensor in tensors {
      guard let values = place(tensor.name) else { continue }
      var name = tensor.name
      var layout = Layout.plain(values)
      if tensor.type == .uint32, let base = name.without(suffix: ".weight"),
        let scales = place(base + ".scales")
      {
        layout = .packed(base: base, values: values, scales: scales, biases: place(base + ".biases"))
      } else if tensor.type == .uint8, let base = name.without(suffix: "_blocks"),
        let scales = place(base + "_scales")
      {
        name = base
        layout = .blocks(values: values, scales: scales)
      } else if tensor.type == .float8E4M3 {
        layout = .float8(values: values, scale: place(name + "_scale_inv") ?? place(name + "_scale"))
      } else if tensor.type == .uint8, let scale = place(name + "_scale") {
        layout = .ternary(values: values, scale: scale)
      } else if let base = name.without(suffix: "_scale"), place(base)?.tensor.type == .uint8 {
        continue
      } else if let base = name.without(suffix: "_scale_inv") ?? name.without(suffix: "_scale"),
        place(base)?.tensor.type == .float8E4M3
      {
        continue
      } else if let base = name.without(suffix: ".qweight"), let zeros = place(base + ".qzeros"),
        let scales = place(base + ".scales")
      {
        name = base + ".weight"
        layout = .zeroPoints(
          ZeroPointTensors(values: values, zeros: zeros, scales: scales, groups: place(base + ".g_idx")))
      } else if let base = [".qzeros", ".scales", ".g_idx"].lazy.compactMap({ name.without(suffix: $0) })
        .first,
        place(base + ".qweight") != nil
      {
        continue
      } else if let base = name.without(suffix: ".scales") ?? name.without(suffix: ".biases"),
        place(base + ".weight")?.tensor.type == .uint32, place(base + ".scales") != nil
      {
        continue
      } else if let base = name.without(suffix: "_scales"), place(base + "_blocks")?.tensor.type == .uint8 {
        continue
      }
      if layouts.updateValue(layout, forKey: ExactString(name)) == nil { names.append(name) }
    }
    return (names, layouts)
  }

  func contains(_ name: String) -> Bool { layouts[ExactString(name)] != nil }

  var parameters: Int {
    names.reduce(0) {
      $0 &+ (shape($1)?.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue } ?? 0)
    }
  }

  var quantizationLabel: String {
    Self.predominantLabel(
      names.compactMap { name in
        guard let layout = layouts[ExactString(name)] else { return nil }
        return (label(layout), bytes(of: layout))
      })
  }

  private func label(_ layout: Layout) -> String {
    switch layout {
    case .plain(let place): return place.tensor.type.description
    case .blocks: return "MXFP4"
    case .float8: return "FP8"
    case .ternary: return "ternary"
    case .zeroPoints(let tensors): return tensors.label(configuration)
    case .packed(let base, _, _, _):
      guard case .packed(let settings)? = QuantizationSettings.of(base, in: configuration) else {
        return "packed"
      }
      guard settings.mode == .affine else { return settings.mode.rawValue.uppercased() }
      return "\(settings.bits)-bit g\(settings.groupSize)"
    }
  }

  private func bytes(of layout: Layout) -> Int {
    switch layout {
    case .plain(let place): place.tensor.bytes.count
    case .packed(_, let values, _, _), .blocks(let values, _), .float8(let values, _),
      .ternary(let values, _):
      values.tensor.bytes.count
    case .zeroPoints(let tensors): tensors.values.tensor.bytes.count
    }
  }
}

extension String {
  /// This string without `suffix`; nil if it does not have the suffix.
  func without(suffix: String) -> String? {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil
  }
}
