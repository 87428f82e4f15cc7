import Basics

// GPTQ and AWQ weights are repacked while loading: kernels multiply rows of outputs, and these files have inputs first.
// The copy is as large as the tensors; their pages in the file are released afterwards.
extension SafetensorsStore {
  func zeroPointFormat(_ tensors: ZeroPointTensors) throws(FileError) -> (format: WeightFormat, shape: [Int])
  {
    let layout = try checked(tensors)
    guard let type = tensors.scales.tensor.type.scaleType else {
      throw failure(.unsupported, tensors.scales, "scales are stored as \(tensors.scales.tensor.type)")
    }
    return (
      .zeroPoint(bits: layout.bits, groupSize: layout.group, scale: type), [layout.outputs, layout.inputs]
    )
  }

  private func checked(_ tensors: ZeroPointTensors) throws(FileError) -> ZeroPointTensors.Layout {
    do { return try tensors.layout(configuration) } catch {
      throw failure(error.kind, tensors.values, error.text)
    }
  }

  func repacked(_ tensors: ZeroPointTensors) throws(FileError) -> Weight {
    let layout = try checked(tensors)
    let (format, shape) = try zeroPointFormat(tensors)
    if let groups = tensors.groups { try requireOrder(groups, layout) }
    let values = OwnedMemory(count: layout.outputs * layout.inputs * layout.bits / 8)
    let packed = try bytes(tensors.values)
    packed.withUnsafeBytes { source in
      let target = values.pointer.assumingMemoryBound(to: UInt32.self)
      let words = source.bindMemory(to: UInt32.self)
      switch layout.method {
      case .gptq: Repacking.transpose(words, layout.inputs * layout.bits / 32, layout.outputs, target)
      case .awq: Repacking.transposeNibbles(words, layout.inputs, layout.outputs, target)
      }
    }
    let zeros = try zeroPlane(tensors, layout), scales = try scalePlane(tensors, layout)
    for place in [tensors.values, tensors.zeros, tensors.scales] {
      files[place.file].advise(.dontNeed, place.tensor.bytes)
    }
    do {
      return try Weight(format: format, shape: shape, values: values.bytes, scales: scales, biases: zeros)
    } catch { throw failure(.damaged, tensors.values, "\(error)") }
  }

  /// GPTQ's act-order assigns inputs to groups in another order than their own.
  private func requireOrder(_ groups: Place, _ layout: ZeroPointTensors.Layout) throws(FileError) {
    guard groups.tensor.type == .int32, groups.tensor.numbers == layout.inputs else {
      throw failure(.damaged, groups, "should be \(layout.inputs) I32 numbers")
    }
    let isInOrder = try bytes(groups).withUnsafeBytes { bytes in
      (0..<layout.inputs).allSatisfy {
        bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) == Int32($0 / layout.fileGroup)
      }
    }
    guard isInOrder else {
      throw FileError(
        .unsupported, file: files[groups.file].path, place: "tensor \(groups.tensor.name)",
        "GPTQ with act-order (desc_act) is not supported",
        advice: "use a conversion without act-order, an AWQ, MLX or GGUF file")
    }
  }

  /// [outputs, groups] of the file's scales [groups, outputs], repeated where the file's groups are larger.
  private func scalePlane(
    _ tensors: ZeroPointTensors, _ layout: ZeroPointTensors.Layout
  ) throws(FileError) -> Bytes {
    let size = tensors.scales.tensor.type == .float32 ? 4 : 2
    let groups = layout.inputs / layout.group, times = layout.fileGroup / layout.group
    let plane = OwnedMemory(count: layout.outputs * groups * size)
    try bytes(tensors.scales).withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      for output in 0..<layout.outputs {
        for group in 0..<groups {
          let from = start + (group / times * layout.outputs + output) * size
          (plane.pointer + (output * groups + group) * size).copyMemory(from: from, byteCount: size)
        }
      }
    }
    return plane.bytes
  }

  private func zeroPlane(
    _ tensors: ZeroPointTensors, _ layout: ZeroPointTensors.Layout
  ) throws(FileError) -> Bytes {
    let groups = layout.inputs / layout.group, times = layout.fileGroup / layout.group, bits = layout.bits
    let plane = OwnedMemory(count: layout.outputs * groups)
    let rowWords = (layout.outputs * bits + 31) / 32
    let largest = try bytes(tensors.zeros).withUnsafeBytes { source -> Int in
      var largest = 0
      for output in 0..<layout.outputs {
        let word = output * bits / 32
        let place = output * bits % 32 / bits
        let shift = layout.method == .awq ? Repacking.awqPlaces[place] * 4 : place * bits
        for group in 0..<groups {
          let offset = 4 * (group / times * rowWords + word)
          let packed = UInt32(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
          let zero = Int(packed >> UInt32(shift)) & ((1 << bits) - 1) + layout.zeroOffset
          largest = max(largest, zero)
          plane.pointer.storeBytes(
            of: UInt8(truncatingIfNeeded: zero), toByteOffset: output * groups + group, as: UInt8.self)
        }
      }
      return largest
    }
    guard largest < 256 else { throw failure(.unsupported, tensors.zeros, "has a zero point of \(largest)") }
    return plane.bytes
  }
}
