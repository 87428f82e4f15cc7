import ArgumentParser
import Foundation
import TerminalInterface

/// `sotto chat`, and `sotto` alone: a conversation in the terminal.
struct ChatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Talk with a model in the terminal.")

  @Argument(
    help: "A model's file or folder, or a name that 'sotto models' lists (default: the settings' model).")
  var model: String?

  @Option(help: "The system message.")
  var system: String?

  @OptionGroup var compute: ComputeOptions

  func run() async throws {
    let settings = try Settings.load()
    let finder = try OpenedModel.finder()
    guard let name = model ?? settings.model ?? DefaultModel.choose(among: finder.entries()) else {
      throw CommandError(
        "no models found; 'make chat' fetches the default one, or give a path: sotto chat PATH")
    }
    let engine = LocalChatEngine(finder: finder, threads: compute.threadCount)
    _ = try await engine.switchModel(to: name)
    var options = ChatOptions(environment: ProcessInfo.processInfo.environment)
    options.theme = settings.theme
    options.systemPrompt = system
    let status = await runChat(engine: engine, options: options)
    if status != 0 { throw ExitCode(status) }
  }
}
