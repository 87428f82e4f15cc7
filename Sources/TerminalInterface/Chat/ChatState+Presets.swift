import Conversation

/// Presets: a system prompt with settings and a model under a name.
extension ChatState {
  /// `/preset NAME` uses a preset, `-` none, `--save NAME` makes one of what is set in this chat.
  package mutating func choosePreset(_ argument: String) -> [ChatEffect] {
    let (name, isSaved) = Self.withoutSave(argument)
    if isSaved {
      guard !name.isEmpty else {
        show(
          "/preset --save NAME makes a preset of the system prompt, the model and what is set in this chat")
        return []
      }
      var values = userSettings.preset.merging(userSettings.chat) { $1 }.filter { $0.value != .auto }
      values[.systemPrompt] = conversation.systemPrompt.map { .text($0) }
      values[.model] = model.map { .text($0.name) }
      return [.savePreset(name, values)]
    }
    if name.isEmpty {
      if presets.isEmpty {
        show("There are no presets yet; /preset --save NAME makes one of what is set in this chat")
      } else {
        draft.set("/preset ")
      }
      return []
    }
    if name == "-" {
      guard preset != nil else {
        show("No preset is in use")
        return []
      }
      userSettings.preset = [:]
      preset = nil
      conversation.systemPrompt = userSettings.text(.systemPrompt)
      refreshSettings()
      show("No preset is in use any more")
      return []
    }
    return [.loadPreset(name)]
  }

  /// A preset was read.
  package mutating func loadedPreset(
    _ name: String, _ result: Result<UserSettings.Values, SettingsFile.Problem>
  ) -> [ChatEffect] {
    switch result {
    case .failure(let problem):
      transcript.addNotice(problem.description, .error)
      scroll = .live
      return []
    case .success(let values):
      // What was set in this chat gives way to the preset.
      for key in values.keys { userSettings.chat[key] = nil }
      userSettings.preset = values
      preset = name
      refreshSettings()
      if values[.systemPrompt] != nil { conversation.systemPrompt = userSettings.text(.systemPrompt) }
      let shown = Setting.all.filter { values[$0.name] != nil }.map {
        "\($0.name.rawValue) = \(VisibleText.singleLine(String((values[$0.name]?.text ?? "").prefix(200))))"
      }
      showNotice("Preset \(VisibleText.singleLine(name)):\n" + shown.joined(separator: "\n"))
      guard case .text(let wanted)? = values[.model], wanted != model?.name else { return [] }
      return run(.model, wanted)
    }
  }

  /// A preset was written.
  package mutating func savedPreset(_ name: String, _ problem: String?) {
    if let problem {
      transcript.addNotice("The preset was not saved. \(problem)", .error)
      return
    }
    if !presets.contains(name) { presets = (presets + [name]).sorted() }
    show("Saved as preset \(name); 'sotto --preset \(name)' starts with it")
  }
}
