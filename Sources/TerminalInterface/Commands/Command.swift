import Basics

/// The commands.
package enum Command: String, Sendable, CaseIterable {
  case model, models, pull, system, preset, set, think, answer, regen, best, ask
  case goOn = "continue"
  case edit, undo, branch
  case compact, new, sessions, rename, delete
  case search, inspect, select, pipe, theme, attach, copy, save, stats, cache, help, quit
}

/// An entry of the command table, which drives the dispatch, the menu, completion and help.
package struct CommandEntry: Sendable {
  /// The kind of completion for the argument.
  package enum Completion: Sendable {
    case none, files, presets, models, downloads, settings, themes, reasoning, branches, sessions, caches
  }

  package let command: Command
  /// The argument as the help shows it; empty for none.
  package let argument: String
  package let summary: String
  /// Other names that run it, known from other programs.
  package var aliases: [String] = []
  package var completion = Completion.none
  /// True when Enter on the name alone opens the menu of the argument instead of running the command.
  package var asksForArgument = false

  package var name: String { command.rawValue }

  package static let all: [CommandEntry] = [
    CommandEntry(
      command: .model, argument: "NAME", summary: "switch to another model", completion: .models,
      asksForArgument: true),
    CommandEntry(command: .models, argument: "", summary: "list the models that were found"),
    CommandEntry(
      command: .pull, argument: "NAME|stop",
      summary:
        "download a model (owner/repo, owner/repo:Q4_K_M, an https address); the chat goes on meanwhile",
      completion: .downloads, asksForArgument: true),
    CommandEntry(
      command: .system, argument: "[TEXT]", summary: "show or set the system prompt; - removes it"),
    CommandEntry(
      command: .preset, argument: "[NAME] [--save]",
      summary: "use a preset (system prompt, settings, model); - uses none, --save makes one",
      completion: .presets, asksForArgument: true),
    CommandEntry(
      command: .set, argument: "[--save] [NAME VALUE]",
      summary: "show or change the settings; --save keeps them in settings.toml",
      completion: .settings),
    CommandEntry(
      command: .think, argument: "[show|fold|hide|EFFORT] [--save]",
      summary: "how reasoning is shown, or the reasoning effort",
      completion: .reasoning),
    CommandEntry(
      command: .answer, argument: "", summary: "end the reasoning now and start the answer"),
    CommandEntry(command: .regen, argument: "", summary: "generate another answer to the last message"),
    CommandEntry(
      command: .best, argument: "N [MESSAGE]",
      summary: "generate N answers side by side to a message, or to the last one, and pick one"),
    CommandEntry(
      command: .ask, argument: "MODEL [MESSAGE]",
      summary: "put a message, or the last one, to another model too, and pick one of the two answers",
      completion: .models, asksForArgument: true),
    CommandEntry(command: .goOn, argument: "", summary: "continue an answer that is not complete"),
    CommandEntry(
      command: .edit, argument: "[answer]",
      summary: "edit the last message and send it again, or the last answer and continue it"),
    CommandEntry(command: .undo, argument: "", summary: "undo the last message and its answer"),
    CommandEntry(
      command: .branch, argument: "[N|next|previous]",
      summary: "switch to another version of a message or answer, or to one that was undone",
      completion: .branches, asksForArgument: true),
    CommandEntry(
      command: .compact, argument: "[N|summarise]",
      summary: "drop the oldest turns so that new ones fit, or all but the last N, or summarise them"),
    CommandEntry(command: .new, argument: "", summary: "start a new conversation", aliases: ["clear"]),
    CommandEntry(
      command: .sessions, argument: "[NAME|TEXT]",
      summary: "resume an earlier conversation, or find a text in all",
      completion: .sessions, asksForArgument: true),
    CommandEntry(command: .rename, argument: "TITLE", summary: "set the title of this conversation"),
    CommandEntry(
      command: .delete, argument: "[NAME]", summary: "delete this conversation, or an earlier one",
      completion: .sessions),
    CommandEntry(
      command: .search, argument: "[TEXT]",
      summary: "find a text in this conversation; without a text, the next older place"),
    CommandEntry(
      command: .inspect, argument: "",
      summary: "show how probable each token of the last answer is; fork the answer at one"),
    CommandEntry(
      command: .select, argument: "",
      summary: "select a message or a code block, to copy, save or pipe it"),
    CommandEntry(
      command: .pipe, argument: "COMMAND", summary: "pass the selection or the last answer to a shell command"
    ),
    CommandEntry(
      command: .theme, argument: "[NAME] [--save]", summary: "change the colours", completion: .themes,
      asksForArgument: true),
    CommandEntry(
      command: .attach, argument: "PATH",
      summary: "attach a text file, a folder or a pattern such as *.swift to the message, as @PATH does",
      completion: .files, asksForArgument: true),
    CommandEntry(
      command: .copy, argument: "[N]",
      summary: "copy the last answer, or its Nth code block, to the clipboard"),
    CommandEntry(
      command: .save, argument: "[FILE]",
      summary: "write the conversation to a file, as JSON if FILE ends in .json, else as Markdown",
      aliases: ["export"], completion: .files),
    CommandEntry(
      command: .stats, argument: "[N]",
      summary: "speed, token counts and cache use of the last answer, or of the Nth last one"),
    CommandEntry(
      command: .cache, argument: "[clear]", summary: "list the prompt caches, or delete them",
      completion: .caches),
    CommandEntry(command: .help, argument: "", summary: "keys, commands and settings", aliases: ["?"]),
    CommandEntry(command: .quit, argument: "", summary: "quit", aliases: ["exit", "bye"]),
  ]

  /// The entry with this name or alias.
  package static func named(_ name: String) -> CommandEntry? {
    let name = name.lowercased()
    return all.first { $0.name == name } ?? all.first { $0.aliases.contains(name) }
  }
}

/// The meaning of a line that was sent.
package enum SubmittedLine: Sendable, Equatable {
  case message(String)
  case command(Command, argument: String)
  /// A slash with an unknown name, and the nearest known name.
  case unknown(String, nearest: String?)

  /// A slash starts a command; two slashes start a message that begins with one slash. A path such as "/usr/lib is
  /// full" is a message: command names contain no second slash.
  ///
  /// Text of several lines is always a message, unchanged: a pasted file may start with a slash.
  package static func parse(_ text: String) -> SubmittedLine {
    guard text.hasPrefix("/") else { return .message(text) }
    if text.drop(while: { !$0.isNewline }).contains(where: { !$0.isWhitespace }) { return .message(text) }
    if text.hasPrefix("//") { return .message(String(text.dropFirst())) }
    let body = text.dropFirst()
    let name = body.prefix { !$0.isWhitespace }
    if name.contains("/") { return .message(text) }
    let argument = body.dropFirst(name.count).drop { $0.isWhitespace }
    var trimmed = argument
    while trimmed.last?.isWhitespace == true { trimmed = trimmed.dropLast() }
    if let entry = CommandEntry.named(String(name)) {
      return .command(entry.command, argument: String(trimmed))
    }
    return .unknown(String(name), nearest: NearestName.of(String(name), among: CommandEntry.all.map(\.name)))
  }
}
