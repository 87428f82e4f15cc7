import Conversation

/// The menu above the composer: the completions of the draft. A pure function of the draft and the available items.
package struct Menu: Sendable, Equatable {
  package struct Item: Sendable, Equatable {
    /// The text of the item.
    package var title: String
    package var detail: String
    /// The draft after the item was accepted.
    package var completed: String
    /// True when the completed draft needs no further argument: Enter then runs it.
    package var isComplete: Bool
  }

  /// The command whose argument is completed; nil while the command name is.
  package var command: Command?
  package var items: [Item]
  /// The item that is selected first.
  package var preferred = 0

  /// The data that menus are built from.
  package struct Facts: Sendable {
    package var models: [ModelSummary] = []
    package var currentModel: ModelInfo?
    package var suggestedDownloads: [DownloadChoice] = []
    package var downloadChoices: ChatState.DownloadChoices?
    /// The download that runs.
    package var download: ChatState.Download?
    /// The model of the current answer.
    package var answeringModel: ModelInfo?
    package var settings = ChatSettings()
    package var userSettings = UserSettings()
    package var presets: [String] = []
    package var preset: String?
    package var themes: [String] = []
    package var currentTheme = ""
    package var reasoning = ReasoningDisplay.fold
    package var sessions: [SessionSummary] = []
    /// When the list was made, in seconds since 1970.
    package var sessionsAt = 0.0
    package var currentSession = ""
    /// The messages of all sessions that contain the typed text.
    package var hits = ChatState.SessionHits()
    package var branches: [BranchChoice] = []
  }

  /// The kind of list that a draft needs; nil for none.
  package static func list(for draft: String) -> CommandEntry.Completion? {
    guard draft.hasPrefix("/"), !draft.hasPrefix("//"), let space = draft.firstIndex(of: " ") else {
      return nil
    }
    return CommandEntry.named(String(draft.dropFirst().prefix(upTo: space)))?.completion
  }

  /// The menu for a draft; nil when there is nothing to select.
  package static func of(_ draft: String, _ facts: Facts) -> Menu? {
    guard draft.hasPrefix("/"), !draft.hasPrefix("//"), !draft.contains("\n"), draft.utf8.count < 200 else {
      return nil
    }
    let body = draft.dropFirst()
    guard let space = body.firstIndex(of: " ") else { return commands(String(body)) }
    guard let entry = CommandEntry.named(String(body[..<space])) else { return nil }
    let argument = String(body[body.index(after: space)...].drop { $0 == " " })
    let menu =
      switch entry.completion {
      case .none, .files: Menu(command: entry.command, items: [])
      case .presets: presets(argument, facts)
      case .models: models(entry.command, argument, facts)
      case .downloads: downloads(argument, facts)
      case .settings: settings(argument, facts)
      case .themes: themes(argument, facts)
      case .reasoning: reasoning(argument, facts)
      case .sessions: sessions(entry.command, argument, facts)
      case .branches: branches(argument, facts)
      case .caches: caches(argument)
      }
    return menu.items.isEmpty ? nil : menu
  }

  private static func commands(_ typed: String) -> Menu? {
    let typed = typed.lowercased()
    var found = ranked(CommandEntry.all, typed, name: \.name)
    if found.isEmpty { found = CommandEntry.all.filter { $0.aliases.contains { $0.hasPrefix(typed) } } }
    let items = found.map { entry in
      let takesArgument = !entry.argument.isEmpty
      return Item(
        title: "/\(entry.name)\(takesArgument ? " \(entry.argument)" : "")", detail: entry.summary,
        completed: "/\(entry.name)\(takesArgument ? " " : "")", isComplete: !entry.asksForArgument)
    }
    return items.isEmpty ? nil : Menu(items: items)
  }

  private static func models(_ command: Command, _ typed: String, _ facts: Facts) -> Menu {
    let found = ranked(facts.models, typed, name: \.name)
    let rows = ModelText.rows(
      found, current: facts.currentModel?.name, answering: facts.answeringModel?.name)
    let items = zip(found, rows).map { model, row in
      Item(
        title: row.name, detail: row.facts, completed: "/\(command.rawValue) \(model.name)", isComplete: true)
    }
    let current = found.firstIndex { $0.name == facts.currentModel?.name }
    return Menu(command: command, items: items, preferred: typed.isEmpty ? current ?? 0 : 0)
  }

  private static func themes(_ typed: String, _ facts: Facts) -> Menu {
    let found = ranked(facts.themes, typed, name: \.self)
    let items = found.map { name in
      let facts = [ThemeLibrary.summary(of: name), name == facts.currentTheme ? "in use" : nil]
      return Item(
        title: VisibleText.singleLine(name), detail: facts.compactMap(\.self).joined(separator: " · "),
        completed: "/theme \(name)", isComplete: true)
    }
    let current = found.firstIndex(of: facts.currentTheme)
    return Menu(command: .theme, items: items, preferred: typed.isEmpty ? current ?? 0 : 0)
  }

  private static func settings(_ typed: String, _ facts: Facts) -> Menu {
    let efforts = facts.currentModel?.efforts ?? []
    let isSaving = typed.hasPrefix("--save ")
    let lead = isSaving ? "/set --save " : "/set "
    let typed = isSaving ? String(typed.dropFirst("--save ".count).drop { $0 == " " }) : typed
    if let space = typed.firstIndex(of: " "), let setting = Setting.named(String(typed[..<space])) {
      let value = String(typed[typed.index(after: space)...].drop { $0 == " " })
      let suggestions = setting.suggestions(efforts: efforts, themes: facts.themes)
      let items = ranked(suggestions, value, name: \.self).map {
        Item(title: $0, detail: "", completed: "\(lead)\(setting.name.rawValue) \($0)", isComplete: true)
      }
      return Menu(command: .set, items: items)
    }
    var items = ranked(Setting.all, typed, name: \.name.rawValue).map { setting in
      let value = facts.userSettings.text(of: setting, answers: facts.settings)
      return Item(
        title: "\(setting.name.rawValue) = \(VisibleText.singleLine(String(value.prefix(40))))",
        detail: setting.summary, completed: "\(lead)\(setting.name.rawValue) ", isComplete: false)
    }
    if !isSaving, "--save".hasPrefix(typed) {
      items.append(
        Item(
          title: "--save", detail: "keep what was set here in settings.toml", completed: "/set --save",
          isComplete: true))
    }
    return Menu(command: .set, items: items)
  }

  private static func reasoning(_ typed: String, _ facts: Facts) -> Menu {
    var choices = [
      ("show", "reasoning in full"), ("fold", "one line once the answer starts"), ("hide", "one line always"),
    ]
    choices += (facts.currentModel?.efforts ?? []).map { ($0, "effort") }
    let items = ranked(choices, typed, name: \.0).map { choice in
      let isCurrent = choice.0 == facts.reasoning.rawValue || choice.0 == facts.settings.effort
      return Item(
        title: choice.0, detail: choice.1 + (isCurrent ? ", in use" : ""), completed: "/think \(choice.0)",
        isComplete: true)
    }
    return Menu(command: .think, items: items)
  }

  // The elements that start with the typed text, then those that contain it.
  static func ranked<Element>(
    _ all: [Element], _ typed: String, name: (Element) -> String
  ) -> [Element] {
    let typed = typed.lowercased()
    if typed.isEmpty { return all }
    let beginning = all.filter { name($0).lowercased().hasPrefix(typed) }
    let containing = all.filter {
      !name($0).lowercased().hasPrefix(typed) && name($0).lowercased().contains(typed)
    }
    return beginning + containing
  }
}
