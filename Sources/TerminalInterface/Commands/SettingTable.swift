import Conversation

/// An entry of the settings table, which drives `/set`, completion and help.
package struct Setting: Sendable {
  /// The type and range of its values.
  package enum Kind: Sendable {
    case real(ClosedRange<Double>, WritableKeyPath<ChatSettings, Double> & Sendable)
    case integer(ClosedRange<Int>, WritableKeyPath<ChatSettings, Int> & Sendable)
    /// An integer or "auto".
    case optionalInteger(ClosedRange<Int>, WritableKeyPath<ChatSettings, Int?> & Sendable)
    /// One of the model's reasoning effort levels, or "auto".
    case effort
    /// "on" or "off".
    case toggle(WritableKeyPath<ChatSettings, Bool> & Sendable)
  }

  package let name: String
  package let summary: String
  package let kind: Kind

  /// Every setting, in the order of help.
  package static let all: [Setting] = [
    Setting(
      name: "temperature", summary: "randomness of sampling; 0 always selects the most likely token",
      kind: .real(0...10, \.temperature)),
    Setting(
      name: "top_p", summary: "sample from the most likely tokens up to this total probability",
      kind: .real(0...1, \.topP)),
    Setting(
      name: "top_k", summary: "sample from the k most likely tokens; 0 for all",
      kind: .integer(0...1_000_000, \.topK)),
    Setting(
      name: "min_p", summary: "drop tokens below this fraction of the highest probability",
      kind: .real(0...1, \.minP)),
    Setting(
      name: "repetition_penalty", summary: "values above 1 make repetition less likely",
      kind: .real(0.01...10, \.repetitionPenalty)),
    Setting(
      name: "seed", summary: "seed of sampling, for repeatable answers; auto for a new one each turn",
      kind: .optionalInteger(0...Int.max, \.seed)),
    Setting(
      name: "max_tokens", summary: "maximum length of an answer; auto for as long as the context allows",
      kind: .optionalInteger(1...100_000_000, \.maxTokens)),
    Setting(name: "effort", summary: "reasoning effort, for models that have levels", kind: .effort),
    Setting(
      name: "typing_ahead", summary: "prefill the draft while you type, so that answers start sooner",
      kind: .toggle(\.typingAhead)),
  ]

  /// The setting with this name; dashes count as underscores.
  package static func named(_ name: String) -> Setting? {
    let wanted = String(name.lowercased().map { $0 == "-" ? "_" : $0 })
    return all.first { $0.name == wanted }
  }

  /// Its value, in the form that `set` accepts.
  package func value(in settings: ChatSettings) -> String {
    switch kind {
    case .real(_, let path): shortNumber(settings[keyPath: path])
    case .integer(_, let path): String(settings[keyPath: path])
    case .optionalInteger(_, let path): settings[keyPath: path].map { String($0) } ?? "auto"
    case .effort: settings.effort ?? "auto"
    case .toggle(let path): settings[keyPath: path] ? "on" : "off"
    }
  }

  /// Sets it from text. Returns an error message; nil on success.
  package func set(_ text: String, in settings: inout ChatSettings, efforts: [String]) -> String? {
    let automatic = text.lowercased() == "auto"
    switch kind {
    case .real(let range, let path):
      guard let number = Double(text), range.contains(number) else {
        return
          "\(name) takes a number from \(shortNumber(range.lowerBound)) to \(shortNumber(range.upperBound))."
      }
      settings[keyPath: path] = number
    case .integer(let range, let path):
      guard let number = Int(text), range.contains(number) else {
        return "\(name) takes a whole number from \(range.lowerBound) to \(range.upperBound)."
      }
      settings[keyPath: path] = number
    case .optionalInteger(let range, let path):
      guard automatic || Int(text).map(range.contains) == true else {
        return "\(name) takes auto or a whole number from \(range.lowerBound)."
      }
      settings[keyPath: path] = automatic ? nil : Int(text)
    case .effort:
      guard automatic || efforts.contains(text.lowercased()) else {
        return efforts.isEmpty
          ? "This model has no reasoning effort levels."
          : "effort takes auto, \(efforts.joined(separator: ", "))."
      }
      settings.effort = automatic ? nil : text.lowercased()
    case .toggle(let path):
      guard ["on", "off"].contains(text.lowercased()) else { return "\(name) takes on or off." }
      settings[keyPath: path] = text.lowercased() == "on"
    }
    settings.origins[name] = .user
    return nil
  }

  /// The value with where it comes from, for lists.
  package func describedValue(in settings: ChatSettings) -> String {
    let origin = settings.origins[name].map { " (\($0.rawValue))" } ?? ""
    return "\(name) = \(value(in: settings))\(origin)"
  }

  /// Copies the value and its origin.
  package func copy(from source: ChatSettings, to target: inout ChatSettings) {
    switch kind {
    case .real(_, let path): target[keyPath: path] = source[keyPath: path]
    case .integer(_, let path): target[keyPath: path] = source[keyPath: path]
    case .optionalInteger(_, let path): target[keyPath: path] = source[keyPath: path]
    case .effort: target.effort = source.effort
    case .toggle(let path): target[keyPath: path] = source[keyPath: path]
    }
    target.origins[name] = source.origins[name]
  }

  /// The values for completion; empty for numbers.
  package func suggestions(efforts: [String]) -> [String] {
    switch kind {
    case .real, .integer: []
    case .optionalInteger: ["auto"]
    case .effort: efforts.isEmpty ? [] : ["auto"] + efforts
    case .toggle: ["on", "off"]
    }
  }
}

extension ChatSettings {
  /// These settings as the defaults of a model, with the settings that concern no model from `kept`, and those
  /// that the user set in this chat.
  package func keeping(_ kept: ChatSettings) -> ChatSettings {
    var settings = self
    settings.typingAhead = kept.typingAhead
    for setting in Setting.all where kept.origins[setting.name] == .user {
      setting.copy(from: kept, to: &settings)
    }
    return settings
  }
}
