import Basics

/// What the layers of a model are quantised to: one of MLX's modes, with its bits and the size of its groups.
public struct QuantizationTarget: Sendable, Equatable {
  /// MLX's name of the mode: affine, mxfp4, mxfp8 or nvfp4.
  public let mode: String
  /// Bits per number.
  public let bits: Int
  /// Columns that share a scale.
  public let groupSize: Int

  init(_ mode: String, bits: Int, groupSize: Int) {
    (self.mode, self.bits, self.groupSize) = (mode, bits, groupSize)
  }

  /// The names of the targets.
  public static let names = ["q8", "q6", "q5", "q4", "q3", "q2", "mxfp4", "mxfp8", "nvfp4"]

  /// - Parameters:
  ///   - name: one of `names`.
  ///   - group: the size of the groups; nil for the mode's default.
  /// - Throws: `QuantizationError` for another name, or a size that the mode does not have.
  public init(name: String, group: Int? = nil) throws(QuantizationError) {
    guard Self.names.contains(name) else {
      throw QuantizationError("'\(name)' is not a target; use one of \(Self.names.joined(separator: ", "))")
    }
    switch name {
    case "mxfp4": self.init("mxfp4", bits: 4, groupSize: 32)
    case "mxfp8": self.init("mxfp8", bits: 8, groupSize: 32)
    case "nvfp4": self.init("nvfp4", bits: 4, groupSize: 16)
    default: self.init("affine", bits: Int(name.dropFirst()) ?? 4, groupSize: group ?? 64)
    }
    let sizes = mode == "affine" ? [32, 64, 128] : [groupSize]
    guard sizes.contains(group ?? groupSize) else {
      let allowed = sizes.map(String.init).joined(separator: ", ")
      throw QuantizationError("\(name) has groups of \(allowed) columns, not \(group ?? groupSize)")
    }
  }

  /// Routers have this whatever the target is.
  static let eightBits = QuantizationTarget("affine", bits: 8, groupSize: 64)

  /// The target of sensitive layers in a mixed quantisation: a bit more, which Tests/Scripts/compare_mixed.py finds better
  /// than the same bytes for all layers, and better than more bits for these alone. Nil if the target has no mixed form.
  var forSensitiveLayers: QuantizationTarget? {
    guard mode == "affine", bits < 8 else { return nil }
    return QuantizationTarget("affine", bits: bits < 6 ? bits + 1 : 8, groupSize: groupSize)
  }

  /// Layers whose columns are not a multiple of this stay as they are: no kernel reads half a block of NVFP4.
  var leastColumns: Int { max(groupSize, 32) }

  /// The format of a layer whose scales have this type.
  func format(_ type: WeightFormat.ScaleType) -> WeightFormat {
    switch mode {
    case "mxfp4": .mxfp4Planar
    case "mxfp8": .float8(groupSize: 32, scale: .e8m0)
    case "nvfp4": .nvfp4Planar
    default: .affine(bits: bits, groupSize: groupSize, scale: type)
    }
  }

  /// The settings of a layer or of all in config.json.
  var settings: JSON {
    ["group_size": .integer(groupSize), "bits": .integer(bits), "mode": .string(mode)]
  }
}

/// Why a model cannot be quantised.
public struct QuantizationError: Error, Equatable, CustomStringConvertible {
  /// One line for the user.
  public let description: String

  init(_ description: String) { self.description = description }
}
