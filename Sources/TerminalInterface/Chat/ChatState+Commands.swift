import Conversation

/// The execution of the commands.
extension ChatState {
  /// Runs a command with its argument.
  package mutating func run(_ command: Command, _ argument: String) -> [ChatEffect] {
    if turn != nil, changesConversation(command, argument) {
      show("/\(command.rawValue) is possible when the answer has ended; Esc stops the answer")
      return []
    }
    switch command {
    case .model: return chooseModel(argument)
    case .models:
      pendingReplies.insert(.models)
      return [.refreshModels(for: request)]
    case .pull: return pull(argument)
    case .system: setSystem(argument)
    case .set: return set(argument)
    case .think: return think(argument)
    case .answer: return answerNow()
    case .regen:
      let before = conversation
      guard conversation.rewindAnswer() else {
        show("There is no message to answer yet")
        return []
      }
      return startTurn(TurnOrigin(conversation: before))
    case .best: return best(argument)
    case .ask: return ask(argument)
    case .goOn: return continueAnswer()
    case .edit: editLast(argument)
    case .undo:
      if let text = conversation.undoTurn() {
        transcript.showPath(conversation.path)
        statistics = nil
        show("Undone (/branch brings it back): \(VisibleText.singleLine(String(text.prefix(60))))")
      } else {
        show("There is no message to undo")
      }
    case .branch: selectBranch(argument)
    case .compact: return compact(argument)
    case .new: return startConversation()
    case .sessions: return resume(argument)
    case .rename: rename(argument)
    case .delete: return askToDelete(argument)
    case .search: search(argument)
    case .inspect: return inspect()
    case .select: startSelecting()
    case .pipe: return pipe(argument)
    case .preset: return choosePreset(argument)
    case .theme: return chooseTheme(argument)
    case .attach:
      if !argument.isEmpty { return [.attach(argument)] }
      draft.set("/attach ")
    case .copy: return copy(argument)
    case .save: return save(argument)
    case .stats: showStatistics(argument)
    case .cache: return caches(argument)
    case .help: helpScroll = 0
    case .quit: return [.quit(0)]
    }
    if scroll != .live && command == .system { scroll = .live }
    return []
  }

  private func changesConversation(_ command: Command, _ argument: String) -> Bool {
    switch command {
    case .sessions, .branch, .delete: !argument.isEmpty || command == .delete
    case .best, .regen, .goOn, .edit, .undo, .compact, .new, .inspect: true
    default: false
    }
  }

  private mutating func chooseModel(_ name: String) -> [ChatEffect] {
    if name.isEmpty {
      draft.set("/model ")
      if models.isEmpty {
        show(
          "No models were found; /model PATH loads a model file"
            + (canDownload ? ", /pull downloads one" : ""))
      }
      // The menu requests the list again.
      return []
    }
    // A unique prefix is enough; anything else goes to the engine, which also accepts paths.
    let exact = models.first { $0.name == name } ?? models.first { $0.name.lowercased() == name.lowercased() }
    let matches = models.filter { $0.name.lowercased().hasPrefix(name.lowercased()) }
    let chosen = exact?.name ?? (matches.count == 1 ? matches[0].name : name)
    // Two loads could finish in either order, and the screen could name one model while the other answers.
    if let loading {
      show("\(loading) is loading; try again when it is loaded")
      return []
    }
    if chosen == model?.name {
      show("\(chosen) is already in use")
      return []
    }
    loading = chosen
    return [.switchModel(chosen)]
  }

  /// Adds a notice and scrolls to it.
  package mutating func showNotice(_ text: String) {
    transcript.addNotice(text)
    scroll = .live
  }

  /// The models as text.
  package var modelList: String {
    if models.isEmpty { return "No models were found. /model PATH loads a file; 'sotto pull' fetches one." }
    let rows = ModelText.rows(models, current: model?.name, answering: turn?.model?.name)
    return zip(models, rows).map { summary, row in
      "\(summary.name == model?.name ? "◆" : " ") \(row.name)  \(row.facts)"
    }.joined(separator: "\n")
  }

  private mutating func caches(_ argument: String) -> [ChatEffect] {
    guard argument.isEmpty || argument.lowercased() == "clear" else {
      show("/cache lists the prompt caches; /cache clear deletes them")
      return []
    }
    pendingReplies.insert(.cache)
    return argument.isEmpty ? [.reportCaches(session: session.id)] : [.clearCaches]
  }

  mutating func setSystem(_ text: String) {
    if text.isEmpty {
      transcript.addNotice(
        conversation.systemPrompt.map { "System prompt: \($0)" } ?? "There is no system prompt.")
    } else if text == "-" {
      conversation.systemPrompt = nil
      transcript.addNotice("The system prompt was removed.")
    } else {
      conversation.systemPrompt = text
      transcript.addNotice("System prompt: \(text)")
    }
  }

  private mutating func editLast(_ argument: String) {
    if argument.lowercased() == "answer" {
      editAnswer()
      return
    }
    guard argument.isEmpty else {
      show("/edit edits the last message, /edit answer the last answer")
      return
    }
    guard let last = conversation.last(.user), let text = conversation[last]?.content else {
      show("There is no message to edit yet")
      return
    }
    editing = last
    draft.set(text)
    show("Enter sends the edited message; Esc cancels the edit")
  }

  private mutating func copy(_ argument: String) -> [ChatEffect] {
    guard let last = conversation.last(.assistant), let answer = conversation[last]?.content, !answer.isEmpty
    else {
      show("There is no answer to copy yet")
      return []
    }
    if argument.isEmpty {
      show("The answer was sent to the clipboard")
      return [.copy(answer)]
    }
    let blocks = CodeBlocks.of(answer)
    guard let number = Int(argument), number >= 1, number <= blocks.count else {
      show(
        blocks.isEmpty ? "The answer has no code block" : "The answer has code blocks 1 to \(blocks.count)")
      return []
    }
    show("Code block \(number) was sent to the clipboard")
    return [.copy(blocks[number - 1])]
  }

  private mutating func save(_ argument: String) -> [ChatEffect] {
    guard !conversation.isEmpty else {
      show("There is no message to save yet")
      return []
    }
    let path = argument.isEmpty ? "sotto-chat.md" : argument
    let isJSON = path.lowercased().hasSuffix(".json")
    let text = isJSON ? conversation.json(model: model?.name) : conversation.markdown(title: "Conversation")
    return [.save(path: path, text: text)]
  }
}
