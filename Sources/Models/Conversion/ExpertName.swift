/// The name of one expert's layer, `PREFIX.experts.N.LAYER.weight`, or of a member of a list, `PREFIX.LIST.N.weight`.
struct ExpertName {
  let number: Int
  private let prefix: String
  private let layer: String
  private let ending: String
  private var isInList = false

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

  /// The name of a member of one of these lists; nil for other names.
  init?(_ name: String, lists: [String]) {
    for list in lists {
      guard let range = name.firstRange(of: ".\(list).") else { continue }
      let parts = name[range.upperBound...].split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, let number = Int(parts[0]), number >= 0 else { continue }
      self.number = number
      prefix = String(name[..<range.lowerBound])
      layer = list
      ending = String(parts[1])
      isInList = true
      return
    }
    return nil
  }

  /// The name of the stack of all experts, or of all members of a list.
  /// - Parameter block: `switch_mlp` in MLX's versions, `experts` in others.
  func stack(_ block: String) -> String {
    isInList ? "\(prefix).\(layer).\(ending)" : "\(prefix).\(block).\(layer).\(ending)"
  }
}
