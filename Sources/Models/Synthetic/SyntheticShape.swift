import Basics
import Compute

/// A full-size model's shape by name, for `sotto bench --synthetic`.
public struct SyntheticShape: Sendable {
  /// The name on the command line.
  public let name: String
  /// The configuration, with config.json's keys.
  let configuration: JSON
  /// The formats of matrices by a part of their name; the empty key is the default.
  let formats: [String: WeightFormat]
  /// Suffixes of the optional tensors that exist.
  let optional: [String]

  /// The shapes of all architectures.
  public static let all = Registry.all.flatMap(\.shapes)

  /// The shape of this name, reduced to `layers` layers if given.
  public static func named(_ name: String, layers: Int?) throws(ModelError) -> SyntheticShape {
    guard let shape = all.first(where: { $0.name == name }) else {
      throw .unsupported(
        "unknown synthetic shape '\(name)'; available are \(all.map(\.name).joined(separator: ", "))")
    }
    guard let layers, case .object(var members) = shape.configuration else { return shape }
    // Lists and patterns with an element per layer are reduced too.
    let all = members["num_hidden_layers"]?.asInteger
    for (key, value) in members {
      if let items = value.asArray, items.count == all { members[key] = .array(Array(items.prefix(layers))) }
      if let text = value.asString, text.count == all { members[key] = .string(String(text.prefix(layers))) }
    }
    members["num_hidden_layers"] = .integer(layers)
    return SyntheticShape(
      name: name, configuration: .object(members), formats: shape.formats, optional: shape.optional)
  }

  func contains(_ name: String) -> Bool { optional.contains { name.hasSuffix($0) } }

  func format(_ tensor: String) -> WeightFormat {
    formats.first { !$0.key.isEmpty && tensor.contains($0.key) }?.value ?? formats[""] ?? .float32
  }

  /// Builds the model: allocates and fills its weights.
  public func model(backend: any Backend) throws -> any LanguageModel {
    try Registry.model(configuration, SyntheticWeights(shape: self), backend: backend)
  }
}
