/// The name of one expert's layer, `PREFIX.experts.N.LAYER.weight`, of a member of a list, `PREFIX.LIST.N.weight`, or of
/// another tensor that is part of a stack.
struct ExpertName {
  let number: Int
  private let form: Form

  private enum Form {
    case expert(prefix: String, layer: String, ending: String)
    /// The name of the whole stack.
    case member(of: String)
  }

  /// nil for other names.
  /// - Parameter layers: the names of layers in a stack, where they change.
  init?(_ name: String, _ layers: [String: String]) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let index = parts.lastIndex(of: "experts"), parts.count == index + 4,
      let number = Int(parts[index + 1]),
      number >= 0
    else { return nil }
    self.number = number
    form = .expert(
      prefix: parts[..<index].joined(separator: "."),
      layer: layers[String(parts[index + 2])] ?? String(parts[index + 2]), ending: String(parts[index + 3]))
  }

  /// The name of a member of one of these lists; nil for other names.
  init?(_ name: String, lists: [String]) {
    for list in lists {
      guard let range = name.firstRange(of: ".\(list).") else { continue }
      let parts = name[range.upperBound...].split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, let number = Int(parts[0]), number >= 0 else { continue }
      self.number = number
      form = .member(of: "\(name[..<range.lowerBound]).\(list).\(parts[1])")
      return
    }
    return nil
  }

  /// The name of a tensor that belongs to one of these stacks; nil for other names.
  /// - Parameter joins: the ends of the names of a stack's tensors in their order, by the end of the stack's name.
  init?(_ name: String, joins: [String: [String]]) {
    for (stack, members) in joins {
      guard let number = members.firstIndex(where: { name.hasSuffix("." + $0) }) else { continue }
      self.number = number
      form = .member(of: name.dropLast(members[number].count) + stack)
      return
    }
    return nil
  }

  /// The name of the stack of all experts, or of all members of a list.
  /// - Parameter block: `switch_mlp` in MLX's versions, `experts` in others.
  func stack(_ block: String) -> String {
    switch form {
    case .expert(let prefix, let layer, let ending): "\(prefix).\(block).\(layer).\(ending)"
    case .member(let stack): stack
    }
  }
}
