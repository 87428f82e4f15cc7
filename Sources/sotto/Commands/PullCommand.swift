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

  @Argument(help: "The name or the address of the model.")
  var name: String

  @Option(help: "The file of the repository.")
  var file: String?

  @Flag(name: .shortAndLong, help: "Do not ask before the download of a proposed file.")
  var yes = false

  func run() throws {
    let places = ModelPlaces(others: try UserSettings.load().modelFolders)
    let pull = ModelPull(endpoint: try HubEndpoint(), folder: places.own)
    let interrupts = Interrupts { pull.cancellation.cancel() }
    defer { interrupts.stop() }
    let name = try HubName(name, file: file)
    let display = PullDisplay(pull.progress)
    display.start()
    let result = Result {
      try pull.run(name, memory: Int(ProcessInfo.processInfo.physicalMemory / 10 * 6)) { proposal in
        Console.note(
          "The repository has several models: \(proposal.name) (\(ModelTable.size(proposal.bytes)))")
        Console.note("fits this machine best. Others: \(proposal.others.joined(separator: ", "))")
        guard !yes, isatty(STDIN_FILENO) != 0, isatty(STDERR_FILENO) != 0 else { return true }
        return Console.confirms("Download \(proposal.name)?")
      }
    }
    display.stop()
    let model = try result.get()
    Console.out(
      model.wasThere
        ? "\(model.path) is already there\n" : "\(model.path) (\(ModelTable.size(model.bytes)))\n")
  }
}

/// `sotto rm`: removes a model that `sotto pull` downloaded.
struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Remove a downloaded model.")

  @Argument(help: "The name of the model, as in 'sotto models'.")
  var name: String

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  func run() throws {
    let finder = try ModelFinder.from(UserSettings.load())
    let removal = try ModelRemoval(finder.resolve(name), folder: finder.places.own)
    for file in removal.files { Console.note("  \(file)") }
    if !yes {
      guard isatty(STDIN_FILENO) != 0 else { throw CommandError("nothing was removed; confirm with --yes") }
      guard Console.confirms("Remove these files (\(ModelTable.size(removal.bytes)))?") else { return }
    }
    try removal.run()
  }
}
