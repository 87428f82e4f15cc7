import Conversation

/// Models as rows, for the menu and for `/models`.
package enum ModelText {
  package struct Row: Sendable, Equatable {
    package var name: String
    package var facts: String
  }

  /// A row for each model with aligned facts: quantisation, size, whether it is loaded, how much of the conversation it
  /// has cached, and the estimated time to switch to it.
  /// - Parameters:
  ///   - current: the model that answers the next message.
  ///   - answering: the model of the current answer; nil for none.
  package static func rows(
    _ models: [ModelSummary], current: String?, answering: String? = nil
  ) -> [Row] {
    let names = models.map { VisibleText.singleLine($0.name) }
    let width = names.map { CharacterWidth.columns(of: $0) }.max() ?? 0
    let facts = TextColumns.aligned(
      models.map {
        let use = use(of: $0.name, current: current, answering: answering)
        return [$0.quantisation, byteSize($0.bytes), state(of: $0, use, isCurrent: $0.name == current)]
      },
      right: [1])
    return zip(names, facts).map { name, facts in
      Row(
        name: name + String(repeating: " ", count: width - CharacterWidth.columns(of: name)), facts: facts)
    }
  }

  // A running answer keeps its model after a switch.
  private static func use(of name: String, current: String?, answering: String?) -> String? {
    if name == answering { return name == current ? "in use" : "answering" }
    if name == current { return answering == nil ? "in use" : "next" }
    return nil
  }

  private static func state(of model: ModelSummary, _ use: String?, isCurrent: Bool) -> String {
    var parts: [String] = []
    if let use { parts.append(use) } else if model.isResident { parts.append("loaded") }
    if model.cachedTokens > 0 { parts.append("cached \(grouped(model.cachedTokens))") }
    if !isCurrent, let unread = model.unreadTokens, unread > 0 { parts.append("\(grouped(unread)) new") }
    if !isCurrent, let seconds = model.estimatedSwitchSeconds, seconds.isFinite, seconds >= 0 {
      parts.append("about \(duration(seconds))")
    }
    return parts.joined(separator: " · ")
  }
}
