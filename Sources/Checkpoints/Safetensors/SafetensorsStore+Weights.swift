import Basics

extension SafetensorsStore {
  func weight(_ name: String) throws(FileError) -> Weight? {
    guard let layout = layouts[ExactString(name)] else { return nil }
    switch layout {
    case .float8(let values, let scale): return try float8(values, scale)
    case .zeroPoints(let tensors): return try repacked(tensors)
    case .ternary(let values, let scale): return try ternary(values, scale)
    default: break
    }
    let (format, shape) = try formatAndShape(layout)
    let planes: (values: Place, scales: Place?, biases: Place?) =
      switch layout {
      case .plain(let values), .float8(let values, _), .ternary(let values, _): (values, nil, nil)
      case .zeroPoints(let tensors): (tensors.values, nil, nil)
      case .blocks(let values, let scales): (values, scales, nil)
      case .packed(_, let values, let scales, let biases): (values, scales, biases)
      }
    let values = try bytes(planes.values)
    var scales: Bytes?
    var biases: Bytes?
    if let place = planes.scales { scales = try bytes(place) }
    if let place = planes.biases { biases = try bytes(place) }
    do {
      return try Weight(format: format, shape: shape, values: values, scales: scales, biases: biases)
    } catch {
      throw failure(.damaged, planes.values, "\(error)")
    }
  }

  var formatProblem: String? {
    for name in names {
      guard let layout = layouts[ExactString(name)] else { continue }
      switch layout {
      case .plain(let place):
        // Integers may be in tables beside the weights that no layer uses; other unknown types are weights.
        guard case .other = place.tensor.type else { continue }
        return "the tensor \(name) is stored as \(place.tensor.type), which is not supported"
      case .blocks, .float8, .ternary: continue
      case .zeroPoints(let tensors):
        do { _ = try tensors.layout(configuration) } catch {
          if error.kind == .unsupported { return error.text }
        }
      case .packed(let base, _, _, _):
        if case .unsupported(let reason)? = QuantizationSettings.of(base, in: configuration) { return reason }
      }
    }
    return nil
  }

  func shape(_ name: String) -> [Int]? {
    guard let layout = layouts[ExactString(name)] else { return nil }
    if case .plain(let place) = layout { return place.tensor.shape }
    return (try? formatAndShape(layout))?.shape
  }

  private func formatAndShape(_ layout: Layout) throws(FileError) -> (
    format: WeightFormat, shape: [Int]
  ) {
    switch layout {
    case .plain(let place):
      guard let format = place.tensor.type.format else {
        if let method = quantizationMethod(configuration) {
          throw FileError(
            .unsupported, file: files[place.file].path, place: "tensor \(place.tensor.name)",
            "is quantised with \(method), which is not supported", advice: nearQuantizations)
        }
        throw failure(.unsupported, place, "is stored as \(place.tensor.type), which Sotto does not support")
      }
      // A scalar has no dimensions in the file; a weight has at least one.
      return (format, place.tensor.shape.isEmpty ? [1] : place.tensor.shape)
    case .float8(let values, let scale):
      return (try float8Format(values, scale).format, values.tensor.shape)
    case .zeroPoints(let tensors): return try zeroPointFormat(tensors)
    case .ternary(let values, let scale): return try ternaryFormat(values, scale)
    case .blocks(let values, let scales):
      // Blocks of shape [..., rows, groups, 16] and scales of shape [..., rows, groups].
      let shape = values.tensor.shape
      guard shape.count >= 2, shape.last == 16, scales.tensor.type == .uint8,
        shape.dropLast() == scales.tensor.shape[...], let groups = shape.dropLast().last
      else {
        throw failure(.damaged, values, "the blocks \(shape) and scales \(scales.tensor.shape) do not match")
      }
      // The tensor has at most 2^48 elements, so this does not overflow.
      return (.mxfp4Planar, shape.dropLast(2) + [groups * 32])
    case .packed(let base, let values, let scales, let biases):
      return try packed(base, values, scales, biases)
    }
  }

  /// Words of shape [..., rows, columns * bits / 32] and scales of shape [..., rows, columns / groupSize].
  private func packed(
    _ base: String, _ values: Place, _ scales: Place, _ biases: Place?
  ) throws(FileError) -> (format: WeightFormat, shape: [Int]) {
    let settings: QuantizationSettings
    switch QuantizationSettings.of(base, in: configuration) {
    case .packed(let found)?: settings = found
    case .unsupported(let reason)?: throw failure(.unsupported, values, "config.json: \(reason)")
    case .plain?: throw failure(.damaged, values, "is packed, but config.json declares it as not quantised")
    case nil:
      throw failure(.incomplete, values, "is packed, but config.json has no \"quantization\" settings")
    }
    let words = values.tensor.shape
    let groups = scales.tensor.shape
    guard let lastWords = words.last, let lastGroups = groups.last, words.dropLast() == groups.dropLast(),
      lastGroups * settings.groupSize * settings.bits == lastWords * 32
    else {
      throw failure(.damaged, values, "the shapes \(words) and \(groups) do not match \(settings)")
    }
    let shape = words.dropLast() + [lastGroups * settings.groupSize]
    if settings.mode != .affine {
      guard scales.tensor.type == .uint8 else {
        throw failure(
          .damaged, scales, "\(settings.mode.rawValue) scales should be U8 but are \(scales.tensor.type)")
      }
      switch settings.mode {
      case .mxfp8: return (.float8(groupSize: 32, scale: .e8m0), Array(shape))
      case .nvfp4: return (.nvfp4Planar, Array(shape))
      default: return (.mxfp4Planar, Array(shape))
      }
    }
    guard let biases else { throw failure(.incomplete, values, "\(printable(base)).biases is missing") }
    guard biases.tensor.shape == groups, biases.tensor.type == scales.tensor.type,
      let type = scales.tensor.type.scaleType
    else {
      throw failure(
        .damaged, scales,
        "scales \(scales.tensor.type) \(groups) and biases \(biases.tensor.type) "
          + "\(biases.tensor.shape) do not match")
    }
    return (.affine(bits: settings.bits, groupSize: settings.groupSize, scale: type), Array(shape))
  }

  /// The mapped bytes of a tensor, or a copy if they are not aligned to the element size (MLX writes such files after a
  /// tensor of odd size, which no real layer has).
  func bytes(_ place: Place) throws(FileError) -> Bytes {
    guard let bytes = files[place.file].slice(place.tensor.bytes) else {
      throw failure(.truncated, place, "the data extends beyond the end of the file")
    }
    return bytes.aligned(to: place.tensor.type.size ?? 1)
  }

  func failure(_ kind: FileError.Kind, _ place: Place, _ problem: String) -> FileError {
    FileError(kind, file: files[place.file].path, place: "tensor \(place.tensor.name)", problem)
  }
}

extension SafetensorsType {
  var scaleType: WeightFormat.ScaleType? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    default: nil
    }
  }
}

extension Bytes {
  /// These bytes, copied only if their address is not a multiple of `size`.
  fileprivate func aligned(to size: Int) -> Bytes {
    withUnsafeBytes { bytes in
      guard UInt(bitPattern: bytes.baseAddress) % UInt(size) != 0 else { return self }
      let copy = OwnedMemory(count: bytes.count)
      if let start = bytes.baseAddress { copy.pointer.copyMemory(from: start, byteCount: bytes.count) }
      return copy.bytes
    }
  }
}
