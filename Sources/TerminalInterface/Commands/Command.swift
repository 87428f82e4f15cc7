/// What can be asked for with a slash.
package enum Command: String, Sendable, CaseIterable {
  case model, models, system, set, think, answer, regen, edit, undo, branch
  case new, sessions, rename, delete
  case theme, copy, save, stats, cache, help, quit
}

/// One line of the command table: it drives the dispatch, the menu, completion and help.
package struct CommandEntry: Sendable {
  /// What completes its argument.
  package enum Completion: Sendable {
    case none, models, settings, themes, reasoning, branches, sessions, caches
  }

  package let command: Command
  /// How the argument is written in help; empty for none.
  package let argument: String
  package let summary: String
  package var completion = Completion.none
  /// True when Enter on its bare name asks for the argument instead of running it.
  package var asksForArgument = false

  package var name: String { command.rawValue }

  package static let all: [CommandEntry] = [
    CommandEntry(
      command: .model, argument: "NAME", summary: "switch to another model", completion: .models,
      asksForArgument: true),
    CommandEntry(command: .models, argument: "", summary: "list the models that were found"),
    CommandEntry(
      command: .system, argument: "[TEXT]", summary: "show or set the system prompt; - removes it"),
    CommandEntry(
      command: .set, argument: "[NAME VALUE]", summary: "show or change how answers are sampled",
      completion: .settings),
    CommandEntry(
      command: .think, argument: "[show|fold|hide|EFFORT]",
      summary: "how reasoning is shown, and how hard to think",
      completion: .reasoning),
    CommandEntry(
      command: .answer, argument: "", summary: "cut the thoughts short: the answer follows from those so far"),
    CommandEntry(command: .regen, argument: "", summary: "another answer to the last message"),
    CommandEntry(command: .edit, argument: "", summary: "change the last message and send it again"),
    CommandEntry(command: .undo, argument: "", summary: "take the last message and its answer back"),
    CommandEntry(
      command: .branch, argument: "[N|next|previous]",
      summary: "go to another wording of a message, another answer, or what was taken back",
      completion: .branches, asksForArgument: true),
    CommandEntry(command: .new, argument: "", summary: "begin a new conversation"),
    CommandEntry(
      command: .sessions, argument: "[NAME]", summary: "go on with an earlier conversation",
      completion: .sessions, asksForArgument: true),
    CommandEntry(command: .rename, argument: "TITLE", summary: "name this conversation"),
    CommandEntry(
      command: .delete, argument: "[NAME]", summary: "delete this conversation, or an earlier one",
      completion: .sessions),
    CommandEntry(
      command: .theme, argument: "[NAME]", summary: "change the colours", completion: .themes,
      asksForArgument: true),
    CommandEntry(
      command: .copy, argument: "[N]",
      summary: "copy the last answer, or its Nth code block, to the clipboard"),
    CommandEntry(
      command: .save, argument: "[FILE]",
      summary: "write the conversation as Markdown, or as JSON if FILE ends so"),
    CommandEntry(command: .stats, argument: "", summary: "what the last answer took"),
    CommandEntry(
      command: .cache, argument: "[clear]", summary: "what the prompt caches hold; clear gives it back",
      completion: .caches),
    CommandEntry(command: .help, argument: "", summary: "keys, commands and settings"),
    CommandEntry(command: .quit, argument: "", summary: "leave"),
  ]

  package static func named(_ name: String) -> CommandEntry? { all.first { $0.name == name.lowercased() } }
}

/// What a line that was sent is.
package enum SubmittedLine: Sendable, Equatable {
  case message(String)
  case command(Command, argument: String)
  /// A slash with a name that is not known, and the name that may have been meant.
  case unknown(String, nearest: String?)

  /// A slash begins a command; two begin a message that starts with one slash. A path such as "/usr/lib is full" is
  /// a message: names of commands have no second slash.
  package static func parse(_ text: String) -> SubmittedLine {
    guard text.hasPrefix("/") else { return .message(text) }
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
