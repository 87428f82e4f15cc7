import Conversation

/// The menus of sessions, branches and caches.
extension Menu {
  static func sessions(_ command: Command, _ typed: String, _ facts: Facts) -> Menu {
    // Matches the title, which users type, and the identifier, which completion inserts.
    var items = ranked(facts.sessions, typed) { "\($0.title) \($0.id)" }.map { session in
      let state = session.id == facts.currentSession ? "open · " : ""
      return Item(
        title: VisibleText.singleLine(session.title), detail: state + session.facts(at: facts.sessionsAt),
        completed: "/\(command.rawValue) \(session.id)", isComplete: true)
    }
    if command == .sessions, typed.count >= 2, facts.hits.text == typed {
      items += facts.hits.hits.prefix(50).map { hit in
        Item(
          title: VisibleText.singleLine(hit.title),
          detail: "\(hit.role.rawValue): \(VisibleText.singleLine(hit.excerpt))",
          completed: "/\(command.rawValue) \(hit.session):\(hit.message)", isComplete: true)
      }
    }
    if items.isEmpty, !facts.sessions.isEmpty {
      let nothing = Item(
        title: "Nothing found", detail: "Backspace shows all", completed: "/\(command.rawValue) \(typed)",
        isComplete: false)
      return Menu(command: command, items: [nothing])
    }
    return Menu(command: command, items: items)
  }

  static func branches(_ typed: String, _ facts: Facts) -> Menu {
    let items = facts.branches.filter { typed.isEmpty || String($0.number).hasPrefix(typed) }.map { branch in
      Item(
        title: "\(branch.number)  \(branch.opening)",
        detail: branch.place + (branch.isCurrent ? ", shown" : ""), completed: "/branch \(branch.number)",
        isComplete: true)
    }
    let current = facts.branches.firstIndex(where: \.isCurrent)
    return Menu(command: .branch, items: items, preferred: typed.isEmpty ? current ?? 0 : 0)
  }

  static func caches(_ typed: String) -> Menu {
    let items = ranked(["clear"], typed, name: \.self).map {
      Item(title: $0, detail: "delete all prompt caches", completed: "/cache \($0)", isComplete: true)
    }
    return Menu(command: .cache, items: items)
  }

  static func presets(_ typed: String, _ facts: Facts) -> Menu {
    let items = ranked(facts.presets, typed, name: \.self).map { name in
      Item(
        title: VisibleText.singleLine(name), detail: name == facts.preset ? "in use" : "",
        completed: "/preset \(name)", isComplete: true)
    }
    return Menu(command: .preset, items: items)
  }
}
