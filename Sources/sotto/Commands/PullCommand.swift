import ArgumentParser
import Basics
import Checkpoints
import Foundation
import Hub
import TerminalInterface

/// `sotto pull`: fetches a model from a hub.
struct PullCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Download a model.",
    discussion: """
      NAME is owner/repo of Hugging Face, owner/repo:TAG for the GGUF file with that tag (such as Q4_K_M), or the \
      https address of a GGUF file. HF_ENDPOINT, HF_TOKEN and proxies are obeyed. An interrupted download resumes.
      """)

  @Argument(help: "owner/repo, owner/repo:TAG, or the https address of a GGUF file.")
  var name: String

  @Option(help: "The file of the repository.")
  var file: String?

  @Flag(name: .shortAndLong, help: "Do not ask before the download of a proposed file.")
  var yes = false

  func run() throws {
    let places = ModelPlaces(others: try UserSettings.load().modelFolders)
    let model = try TerminalPull(folder: places.own).run(HubName(name, file: file), asks: !yes)
    Console.out(
      model.wasThere
        ? "\(model.path) is already there\n" : "\(model.path) (\(ModelTable.size(model.bytes)))\n")
  }
}

/// `sotto rm`: removes a model that `sotto pull` downloaded.
struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Remove a downloaded model.")

  @Argument(help: "The name of the model, as in 'sotto models'.", completion: .model)
  var name: String

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  func run() throws {
    let finder = try ModelFinder.from(UserSettings.load())
    let removal = try ModelRemoval(finder.resolve(name), folder: finder.places.own)
    for file in removal.files { Console.note("  \(file)") }
    if !yes {
      guard isatty(STDIN_FILENO) != 0 else { throw CommandError("nothing was removed; confirm with --yes") }
      guard Console.confirms("Remove these files (\(ModelTable.size(removal.bytes)))?", byDefault: false)
      else { return }
    }
    try removal.run()
  }
}
