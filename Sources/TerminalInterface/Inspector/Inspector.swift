import Conversation

/// The token inspector: an answer whose doubtful tokens are marked, with the alternatives of the selected one.
package struct Inspector: Sendable, Equatable {
  /// The answer.
  package let message: MessageTree.ID
  package let text: String
  /// Empty until the engine has replied.
  package var tokens: [InspectedToken]
  /// The index of the selected token.
  package var selected = 0
  /// The index of the selected alternative; nil for none.
  package var alternative: Int?

  /// Tokens below this probability are doubtful.
  package static let doubt = 0.5
  /// Tokens below this probability are surprising.
  package static let surprise = 0.1

  package init(message: MessageTree.ID, text: String, tokens: [InspectedToken] = []) {
    self.message = message
    self.text = text
    self.tokens = tokens
  }

  /// Sets the tokens and selects the first doubtful one.
  package mutating func show(_ tokens: [InspectedToken]) {
    self.tokens = tokens
    selected = tokens.firstIndex { $0.probability < Self.doubt } ?? 0
    alternative = nil
  }

  /// Selects another token.
  package mutating func move(by step: Int) {
    guard !tokens.isEmpty else { return }
    selected = min(max(0, selected + step), tokens.count - 1)
    alternative = nil
  }

  /// Selects the next doubtful token in a direction.
  package mutating func moveToDoubt(forward: Bool) {
    let places =
      forward ? Array(tokens.indices.dropFirst(selected + 1)) : tokens.indices.prefix(selected).reversed()
    guard let next = places.first(where: { tokens[$0].probability < Self.doubt }) else { return }
    selected = next
    alternative = nil
  }

  /// Selects another alternative.
  package mutating func choose(by step: Int) {
    guard tokens.indices.contains(selected) else { return }
    let count = tokens[selected].alternatives.count
    guard count > 0 else { return }
    alternative = alternative.map { ($0 + step + count) % count } ?? (step > 0 ? 0 : count - 1)
  }

  /// The answer up to the selected token, with the selected alternative in its place: where a fork starts. Nil when no
  /// alternative is selected.
  package var fork: String? {
    guard tokens.indices.contains(selected), let alternative else { return nil }
    let token = tokens[selected]
    guard token.alternatives.indices.contains(alternative) else { return nil }
    let before = String(decoding: Array(text.utf8.prefix(token.offset)), as: UTF8.self)
    return before + token.alternatives[alternative].text
  }
}
