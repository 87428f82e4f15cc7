import Conversation

/// The settings of the chat: `/set`, `/theme`, `/think`, and saving them.
extension ChatState {
  /// The widest row of prose, in columns.
  package var proseWidth: Int {
    let columns = userSettings.integer(.proseWidth) ?? RenderOptions().proseWidth
    return columns == 0 ? .max : max(20, columns)
  }

  /// Applies the user's settings after a change of them or of the model.
  package mutating func refreshSettings() {
    settings = userSettings.applied(to: defaults, efforts: model?.efforts)
    if let name = userSettings.text(.theme) { theme = name }
    if let display = userSettings.text(.reasoning).flatMap(ReasoningDisplay.init) { reasoning = display }
  }

  /// Sets a value in this chat.
  package mutating func set(_ name: SettingName, to value: SettingValue) {
    userSettings.chat[name] = value
    refreshSettings()
  }

  /// `/set`: lists the settings, shows one, changes one; with `--save` keeps what was set in settings.toml.
  package mutating func set(_ argument: String) -> [ChatEffect] {
    scroll = .live
    let (rest, isSaved) = Self.withoutSave(argument)
    let parts = rest.split(separator: " ", maxSplits: 1).map(String.init)
    guard let name = parts.first else {
      if isSaved { return saveAll() }
      transcript.addNotice(
        Setting.all.map { userSettings.described($0, answers: settings) }.joined(separator: "\n"))
      return []
    }
    guard let setting = Setting.named(name) else {
      let near = NearestName.of(name, among: Setting.all.map(\.name.rawValue))
      show("There is no setting \(name)." + (near.map { " Did you mean \($0)?" } ?? " /set lists them."))
      return []
    }
    guard parts.count == 2 else {
      if !isSaved {
        show("\(userSettings.described(setting, answers: settings)): \(setting.summary)")
        return []
      }
      guard let value = shownValue(setting) else {
        show("\(name) was not set in this chat; /set --save \(name) VALUE saves a value")
        return []
      }
      return [.saveSettings([setting.name: value])]
    }
    guard let value = checked(parts[1], setting) else { return [] }
    if setting.scope == .start, !isSaved {
      show(
        "\(name) takes effect when Sotto starts: /set --save \(name) \(parts[1]) saves it for the next start")
      return []
    }
    change(setting, to: value)
    return isSaved ? [.saveSettings([setting.name: value])] : []
  }

  /// `/think`: how reasoning is shown, or the effort.
  package mutating func think(_ argument: String) -> [ChatEffect] {
    let (word, isSaved) = Self.withoutSave(argument)
    if word.isEmpty {
      let effort = (model?.efforts.isEmpty ?? true) ? "" : " · effort: \(settings.effort ?? "auto")"
      show("Reasoning: \(reasoning.rawValue)\(effort)")
      return isSaved ? [.saveSettings([.reasoning: .text(reasoning.rawValue)])] : []
    }
    let display = ReasoningDisplay(rawValue: word.lowercased())
    let setting = Setting.of(display == nil ? .effort : .reasoning)
    let efforts = model?.efforts ?? []
    guard let value = setting.value(of: word),
      display != nil || value == .auto || efforts.contains(value.text)
    else {
      let levels = efforts.isEmpty ? "" : ", or an effort: auto, \(efforts.joined(separator: ", "))"
      let none = efforts.isEmpty ? " This model has no reasoning effort levels." : ""
      show("/think takes show, fold or hide\(levels).\(none)")
      return []
    }
    set(setting.name, to: value)
    show(display.map { "Reasoning: \($0.rawValue)" } ?? "Effort: \(settings.effort ?? "auto")")
    return isSaved ? [.saveSettings([setting.name: value])] : []
  }

  /// `/theme`.
  package mutating func chooseTheme(_ argument: String) -> [ChatEffect] {
    let (name, isSaved) = Self.withoutSave(argument)
    if name.isEmpty {
      if isSaved { return [.saveSettings([.theme: .text(theme)])] }
      draft.set("/theme ")
    } else if themes.contains(name) {
      set(.theme, to: .text(name))
      if isSaved { return [.saveSettings([.theme: .text(name)])] }
      show("Theme: \(name) · /set --save keeps it")
    } else {
      let near = NearestName.of(name, among: themes)
      show("There is no theme \(name)." + (near.map { " Did you mean \($0)?" } ?? ""))
    }
    return []
  }

  /// The outcome of `saveSettings`.
  package mutating func savedSettings(_ values: UserSettings.Values, problem: String?) {
    if let problem {
      transcript.addNotice(problem, .error)
      return
    }
    for (name, value) in values {
      userSettings.file[name] = Setting.of(name).isInitial(value) ? nil : value
      userSettings.chat[name] = nil
    }
    refreshSettings()
    let names = Setting.all.map(\.name).filter { values[$0] != nil }
    let starts = names.contains { Setting.of($0).scope == .start }
    show(
      "Saved in settings.toml: "
        + names.map { "\($0.rawValue) = \(VisibleText.singleLine(values[$0]?.text ?? ""))" }
        .joined(separator: ", ") + (starts ? "; it takes effect at the next start" : ""))
  }

  // Saves everything that was set in this chat.
  private mutating func saveAll() -> [ChatEffect] {
    if userSettings.chat.isEmpty {
      show("Nothing was set in this chat; /set NAME VALUE sets a value, /set --save NAME VALUE keeps it")
      return []
    }
    return [.saveSettings(userSettings.chat)]
  }

  private func shownValue(_ setting: Setting) -> SettingValue? {
    switch setting.name {
    case .theme: .text(theme)
    case .systemPrompt: conversation.systemPrompt.map { .text($0) }
    default:
      setting.scope == .answers ? settings.value(of: setting.name) : userSettings.value(setting.name)
    }
  }

  // The value of a text; a message and nil if it is invalid.
  private mutating func checked(_ text: String, _ setting: Setting) -> SettingValue? {
    let efforts = model?.efforts ?? []
    let value = setting.value(of: text)
    let isKnown =
      switch (setting.name, value) {
      case (_, .auto): true
      case (.effort, .text(let level)): efforts.contains(level)
      case (.theme, .text(let name)): themes.isEmpty || themes.contains(name)
      default: true
      }
    if let value, isKnown { return value }
    let automatic = setting.isNumber && setting.offersAuto ? "auto or " : ""
    show(
      setting.name == .effort && efforts.isEmpty
        ? "This model has no reasoning effort levels."
        : "\(setting.name.rawValue) takes \(automatic)\(setting.expectation(efforts: efforts, themes: themes))."
    )
    return nil
  }

  private mutating func change(_ setting: Setting, to value: SettingValue) {
    if setting.name == .systemPrompt {
      userSettings.chat[.systemPrompt] = value
      setSystem(value.text)
      return
    }
    if setting.scope != .start { set(setting.name, to: value) }
    transcript.addNotice("\(setting.name.rawValue) = \(userSettings.text(of: setting, answers: settings))")
  }

  /// The argument without `--save` at its start or end, and whether it was there.
  package static func withoutSave(_ argument: String) -> (rest: String, isSaved: Bool) {
    var words = argument.split(separator: " ", omittingEmptySubsequences: true)[...]
    if words.first == "--save" {
      let rest = argument.drop { $0 == " " }.dropFirst("--save".count).drop { $0 == " " }
      return (String(rest), true)
    }
    guard words.last == "--save" else { return (argument, false) }
    words.removeLast()
    return (words.joined(separator: " "), true)
  }
}

extension SettingsFile {
  /// Writes settings and returns the outcome as an event.
  func save(_ values: UserSettings.Values) -> ChatEvent {
    do throws(Problem) {
      for setting in Setting.all {
        guard let value = values[setting.name] else { continue }
        try set(setting.name, to: value)
      }
      return .settingsSaved(values, problem: nil)
    } catch {
      return .settingsSaved(values, problem: "The settings were not saved. \(error)")
    }
  }
}
