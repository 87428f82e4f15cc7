import ArgumentParser
import Basics
import Checkpoints
import LocalEngine
import TerminalInterface

/// `sotto models`: lists the models on this machine.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List the models found on this machine.")

  @Flag(help: "Print a JSON array.")
  var json = false

  func run() throws {
    let finder = try ModelFinder.from(UserSettings.load())
    let models = finder.entries()
    if json {
      Console.out(JSON.array(models.map(\.json)).text() + "\n")
      return
    }
    if models.isEmpty {
      Console.note(CommandError.noModels.description)
      return
    }
    Console.out(ModelTable.text(models))
  }
}
