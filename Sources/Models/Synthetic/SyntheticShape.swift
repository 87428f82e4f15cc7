import Basics
import Compute

/// A full-size model's shape by name, for `sotto bench --synthetic`.
public struct SyntheticShape: Sendable {
  /// What the command line calls it.
  public let name: String
  /// config.json's keys.
  let configuration: JSON
  /// The format of matrices whose name contains the key; the empty key is for all others.
  let formats: [String: WeightFormat]
  /// Ends of the names of tensors that are there beside the weights asked for without question.
  let optional: [String]

  /// The shapes of all architectures.
  public static let all = Registry.all.flatMap(\.shapes)

  /// The shape of that name, with its layers cut to `layers` where given.
  public static func named(_ name: String, layers: Int?) throws(ModelError) -> SyntheticShape {
    guard let shape = all.first(where: { $0.name == name }) else {
      throw .unsupported(
        "no synthetic shape '\(name)'; there are \(all.map(\.name).joined(separator: ", "))")
    }
    guard let layers, case .object(var members) = shape.configuration else { return shape }
    members["num_hidden_layers"] = .integer(layers)
    return SyntheticShape(
      name: name, configuration: .object(members), formats: shape.formats, optional: shape.optional)
  }

  func contains(_ name: String) -> Bool { optional.contains { name.hasSuffix($0) } }

  func format(_ tensor: String) -> WeightFormat {
    formats.first { !$0.key.isEmpty && tensor.contains($0.key) }?.value ?? formats[""] ?? .float32
  }

  /// Makes the model: allocates and fills its weights.
  public func model(backend: any Backend) throws -> any LanguageModel {
    try Registry.model(configuration, SyntheticWeights(shape: self), backend: backend)
  }
}
