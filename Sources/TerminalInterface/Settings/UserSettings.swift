import Conversation

/// The settings of the user: the values from each source. A later source takes precedence: settings.toml, the preset, the
/// options of the command, `/set`. What none of them sets is the recommendation of the model, or built in.
package struct UserSettings: Sendable, Equatable {
  package typealias Values = [SettingName: SettingValue]

  /// The values in settings.toml.
  package var file: Values = [:]
  /// The values of the preset.
  package var preset: Values = [:]
  /// The options of the command.
  package var options: Values = [:]
  /// The values that were set in this chat.
  package var chat: Values = [:]

  package init(file: Values = [:], options: Values = [:]) {
    (self.file, self.options) = (file, options)
  }

  /// The value of a setting and its source; nil if nothing sets it.
  package func found(_ name: SettingName) -> (value: SettingValue, origin: ChatSettings.Origin)? {
    if let value = chat[name] { return (value, .user) }
    if let value = options[name] { return (value, .option) }
    if let value = preset[name] { return (value, .preset) }
    if let value = file[name] { return (value, .file) }
    return nil
  }

  /// The value of a setting, otherwise the built-in one; nil for "auto" where that is not a value of its own.
  package func value(_ name: SettingName) -> SettingValue? {
    let setting = Setting.of(name)
    guard let value = found(name)?.value, !setting.isInitial(value) else { return setting.initial }
    return value
  }

  package func text(_ name: SettingName) -> String? {
    if case .text(let text)? = value(name) { text } else { nil }
  }

  package func number(_ name: SettingName) -> Double? {
    switch value(name) {
    case .real(let number): number
    case .integer(let number): Double(number)
    default: nil
    }
  }

  package func integer(_ name: SettingName) -> Int? {
    if case .integer(let number)? = value(name) { number } else { nil }
  }

  package func flag(_ name: SettingName) -> Bool { value(name) == .flag(true) }

  package func list(_ name: SettingName) -> [String] {
    if case .list(let texts)? = value(name) { texts } else { [] }
  }

  /// The settings of answers: the defaults of a model, with the user's values. An effort that the model does not have is
  /// left out.
  /// - Parameter efforts: the levels of the model; nil if they are not known.
  package func applied(to defaults: ChatSettings, efforts: [String]? = nil) -> ChatSettings {
    var settings = defaults
    for setting in Setting.all where setting.scope == .answers {
      guard let (value, origin) = found(setting.name) else { continue }
      if setting.name == .effort, let efforts, !efforts.contains(value.text) { continue }
      if value == .auto { continue }
      settings.apply(value, to: setting.name)
      settings.origins[setting.name.rawValue] = origin
    }
    return settings
  }

  /// The value in effect as text.
  /// - Parameter answers: the settings of answers with the current model.
  package func text(of setting: Setting, answers: ChatSettings) -> String {
    let value = setting.scope == .answers ? answers.value(of: setting.name) : value(setting.name)
    return value?.text ?? (setting.hasAuto ? "auto" : "")
  }

  /// The value in effect with where it comes from, for lists.
  package func described(_ setting: Setting, answers: ChatSettings) -> String {
    let name = setting.name
    let origin =
      setting.scope == .answers
      ? answers.origins[name.rawValue]
      : found(name).flatMap { setting.isInitial($0.value) ? nil : $0.origin }
    let source = origin.map { " (\($0.rawValue))" } ?? ""
    return "\(name.rawValue) = \(VisibleText.singleLine(text(of: setting, answers: answers)))\(source)"
  }
}

extension ChatSettings {
  /// Sets a value; one of another type is ignored.
  package mutating func apply(_ value: SettingValue, to name: SettingName) {
    switch (name, value) {
    case (.temperature, .real(let number)): temperature = number
    case (.topP, .real(let number)): topP = number
    case (.topK, .integer(let number)): topK = number
    case (.minP, .real(let number)): minP = number
    case (.repetitionPenalty, .real(let number)): repetitionPenalty = number
    case (.seed, .integer(let number)): seed = number
    case (.maxTokens, .integer(let number)): maxTokens = number
    case (.effort, .text(let level)): effort = level
    case (.typingAhead, .flag(let isOn)): typingAhead = isOn
    default: break
    }
  }

  /// The value of a setting of answers; nil for "auto".
  package func value(of name: SettingName) -> SettingValue? {
    switch name {
    case .temperature: .real(temperature)
    case .topP: .real(topP)
    case .topK: .integer(topK)
    case .minP: .real(minP)
    case .repetitionPenalty: .real(repetitionPenalty)
    case .seed: seed.map { .integer($0) }
    case .maxTokens: maxTokens.map { .integer($0) }
    case .effort: effort.map { .text($0) }
    case .typingAhead: .flag(typingAhead)
    default: nil
    }
  }
}
