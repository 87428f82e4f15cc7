/// The name of one expert's layer, `PREFIX.experts.N.LAYER.weight`.
struct ExpertName {
  let number: Int
  private let prefix: String
  private let layer: String
  private let ending: String

  /// nil for other names.
  /// - Parameter layers: the names of layers in a stack, where they change.
  init?(_ name: String, _ layers: [String: String]) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let index = parts.lastIndex(of: "experts"), parts.count == index + 4,
      let number = Int(parts[index + 1]),
      number >= 0
    else { return nil }
    self.number = number
    prefix = parts[..<index].joined(separator: ".")
    layer = layers[String(parts[index + 2])] ?? String(parts[index + 2])
    ending = String(parts[index + 3])
  }

  /// The name of the stack of all experts.
  /// - Parameter block: `switch_mlp` in MLX's versions, `experts` in others.
  func stack(_ block: String) -> String { "\(prefix).\(block).\(layer).\(ending)" }
}
