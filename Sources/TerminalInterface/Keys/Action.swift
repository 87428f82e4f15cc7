/// The actions of keys.
package enum Action: Sendable, Hashable, CaseIterable {
  case send, newline, complete, completeBack
  case interrupt, escape, answerNow, deleteForwardOrQuit, suspend, redraw
  case left, right, lineStart, lineEnd, wordLeft, wordRight, up, down
  case deleteBack, deleteForward, killWordBack, killWordBackward, killWordForward, killToEnd, killToStart,
    yank, yankEarlier, undo, redo
  case historySearch, editInEditor
  case pageUp, pageDown, top, bottom, lineUp, lineDown
  case findOlder, findNewer, select
  case help, toggleReasoning
}

/// An entry of the keymap, which drives both the keys and the help.
package struct Binding: Sendable {
  /// The section of the help.
  package enum Group: String, Sendable, CaseIterable {
    case message = "Message"
    case moving = "Moving and deleting"
    case screen = "Screen"
  }

  package let keys: [Key]
  package let action: Action
  package let group: Group
  package let help: String
}

/// The keymap.
package enum Keymap {
  package static let bindings: [Binding] = [
    Binding(keys: [Key(.enter)], action: .send, group: .message, help: "send"),
    Binding(
      keys: [.control("j"), Key(.enter, .alt), Key(.enter, .shift)], action: .newline, group: .message,
      help: "new line"),
    Binding(
      keys: [Key(.tab)], action: .complete, group: .message, help: "complete a command, model, setting"),
    Binding(keys: [Key(.tab, .shift)], action: .completeBack, group: .message, help: "previous menu item"),
    Binding(
      keys: [.control("c")], action: .interrupt, group: .message,
      help: "clear the draft, else stop the answer, else stop a download, else quit (twice)"),
    Binding(
      keys: [Key(.escape)], action: .escape, group: .message,
      help: "close a menu, stop the answer; twice: edit the last message"),
    Binding(
      keys: [.control("o")], action: .answerNow, group: .message,
      help: "end the reasoning and answer now"),
    Binding(
      keys: [.control("d")], action: .deleteForwardOrQuit, group: .message,
      help: "delete forward; quit when the draft is empty"),
    Binding(keys: [Key(.up)], action: .up, group: .message, help: "line up, then older messages"),
    Binding(keys: [Key(.down)], action: .down, group: .message, help: "line down, then newer messages"),
    Binding(keys: [.control("r")], action: .historySearch, group: .message, help: "search the history"),
    Binding(
      keys: [.control("g")], action: .editInEditor, group: .message, help: "edit the draft in $EDITOR"),

    Binding(keys: [Key(.left), .control("b")], action: .left, group: .moving, help: "back"),
    Binding(keys: [Key(.right), .control("f")], action: .right, group: .moving, help: "forward"),
    Binding(keys: [.control("a")], action: .lineStart, group: .moving, help: "start of the line"),
    Binding(keys: [.control("e")], action: .lineEnd, group: .moving, help: "end of the line"),
    Binding(
      keys: [.alt("b"), Key(.left, .control), Key(.left, .alt)], action: .wordLeft, group: .moving,
      help: "word back"),
    Binding(
      keys: [.alt("f"), Key(.right, .control), Key(.right, .alt)], action: .wordRight, group: .moving,
      help: "word forward"),
    Binding(
      keys: [Key(.backspace), .control("h")], action: .deleteBack, group: .moving, help: "delete back"),
    Binding(keys: [Key(.delete)], action: .deleteForward, group: .moving, help: "delete forward"),
    Binding(
      keys: [.control("w")], action: .killWordBack, group: .moving, help: "cut the word before, up to a space"
    ),
    Binding(
      keys: [Key(.backspace, .alt)], action: .killWordBackward, group: .moving, help: "cut the word before"),
    Binding(keys: [.alt("d")], action: .killWordForward, group: .moving, help: "cut the word after"),
    Binding(
      keys: [.control("u")], action: .killToStart, group: .moving, help: "cut to the start of the line"),
    Binding(keys: [.control("k")], action: .killToEnd, group: .moving, help: "cut to the end of the line"),
    Binding(keys: [.control("y")], action: .yank, group: .moving, help: "paste the cut text"),
    Binding(
      keys: [.alt("y")], action: .yankEarlier, group: .moving, help: "after Ctrl-Y: the text cut before it"),
    Binding(
      keys: [.control("_"), .alt("z")], action: .undo, group: .moving, help: "undo an edit of the draft"),
    Binding(keys: [.alt("r")], action: .redo, group: .moving, help: "redo it"),

    Binding(keys: [Key(.pageUp)], action: .pageUp, group: .screen, help: "scroll up"),
    Binding(keys: [Key(.pageDown)], action: .pageDown, group: .screen, help: "scroll down"),
    Binding(
      keys: [Key(.up, .control), Key(.up, .shift)], action: .lineUp, group: .screen, help: "scroll a line up"),
    Binding(
      keys: [Key(.down, .control), Key(.down, .shift)], action: .lineDown, group: .screen,
      help: "scroll a line down"),
    Binding(keys: [Key(.home)], action: .top, group: .screen, help: "scroll to the start"),
    Binding(
      keys: [Key(.end)], action: .bottom, group: .screen, help: "scroll to the end and follow the answer"),
    Binding(
      keys: [Key(.function(3))], action: .findOlder, group: .screen,
      help: "after /search: the next older message with the text"),
    Binding(
      keys: [Key(.function(3), .shift)], action: .findNewer, group: .screen, help: "the next newer one"),
    Binding(
      keys: [.alt("s")], action: .select, group: .screen,
      help: "select a message or a code block, to copy, save or pipe it"),
    Binding(keys: [.control("t")], action: .toggleReasoning, group: .screen, help: "show or fold reasoning"),
    Binding(keys: [.control("l")], action: .redraw, group: .screen, help: "redraw the screen"),
    Binding(keys: [.control("z")], action: .suspend, group: .screen, help: "suspend; fg resumes"),
    Binding(
      keys: [Key(.function(1))], action: .help, group: .screen, help: "this help (also ? in an empty draft)"),
  ]

  private static let table: [Key: Action] = {
    var table: [Key: Action] = [:]
    for binding in bindings {
      for key in binding.keys { table[key] = binding.action }
    }
    return table
  }()

  /// The first key for an action, as the help names it.
  package static func name(of action: Action) -> String {
    bindings.first { $0.action == action }?.keys.first?.name ?? ""
  }

  /// The action of a key; nil for none.
  package static func action(for key: Key) -> Action? {
    if let action = table[key] { return action }
    // Alt with a capital letter is the same key with shift.
    if case .character(let letter) = key.base,
      key.modifiers.contains(.alt) || key.modifiers.contains(.control)
    {
      return table[Key(.character(Character(letter.lowercased())), key.modifiers.subtracting(.shift))]
    }
    return nil
  }
}
