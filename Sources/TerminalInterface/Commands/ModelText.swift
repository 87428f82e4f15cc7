/// Models as rows, for the picker and for `/models`.
package enum ModelText {
  package struct Row: Sendable, Equatable {
    package var name: String
    package var facts: String
  }

  /// A row for each model, its facts one under the other: quantisation, size, whether it is loaded, what it has warm
  /// of the conversation, and how long a switch to it is likely to take.
  package static func rows(_ models: [ModelSummary], current: String?) -> [Row] {
    let names = models.map { VisibleText.singleLine($0.name) }
    let width = names.map { CharacterWidth.columns(of: $0) }.max() ?? 0
    let facts = TextColumns.aligned(
      models.map { [$0.quantisation, byteSize($0.bytes), state(of: $0, isCurrent: $0.name == current)] },
      right: [1])
    return zip(names, facts).map { name, facts in
      Row(
        name: name + String(repeating: " ", count: width - CharacterWidth.columns(of: name)), facts: facts)
    }
  }

  private static func state(of model: ModelSummary, isCurrent: Bool) -> String {
    var parts: [String] = []
    if isCurrent { parts.append("in use") } else if model.isResident { parts.append("loaded") }
    if model.cachedTokens > 0 { parts.append("warm \(grouped(model.cachedTokens))") }
    if !isCurrent, let seconds = model.estimatedSwitchSeconds, seconds.isFinite, seconds >= 0 {
      parts.append("about \(duration(seconds))")
    }
    return parts.joined(separator: " · ")
  }
}
