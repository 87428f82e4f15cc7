import ArgumentParser
import Basics
import Checkpoints
import Foundation
import Hub
import TerminalInterface

/// The first start of a user who has no model: shows what this machine can run, and downloads what the user chooses.
/// No host is contacted before the choice.
struct FirstModel {
  let finder: ModelFinder

  /// Whether there is a user to ask.
  static var canAsk: Bool {
    isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 && isatty(STDERR_FILENO) != 0
  }

  /// Asks and downloads.
  /// - Returns: the path of the model.
  /// - Throws: `HubError` or `FileError` if the download fails, `ExitCode.success` if the user wants none.
  func download() throws -> String {
    let memory = HubDownloads.memory
    let (models, proposed) = SuggestedModel.fitting(
      memory: memory, disk: SuggestedModel.freeBytes(at: finder.places.own))
    guard !models.isEmpty else { throw CommandError.noModels }
    let endpoint = try HubEndpoint()
    Console.note(
      Self.text(
        models, proposed, memory: memory, host: endpoint.host, found: finder.entries().count,
        columns: Console.columns))
    while true {
      Console.status("› ")
      guard let line = readLine()?.trimmingCharacters(in: .whitespaces) else { throw CommandError.noModels }
      switch Answer(line, models, proposed) {
      case .quit: throw ExitCode.success
      case .download(let name): return try TerminalPull(folder: finder.places.own).run(name, asks: true).path
      case .unclear(let problem): Console.note(problem)
      }
    }
  }

  /// What a line means.
  enum Answer {
    case download(HubName)
    case quit
    case unclear(String)

    init(_ line: String, _ models: [SuggestedModel], _ proposed: Int) {
      do {
        if ["q", "quit", "n", "no", "/quit"].contains(line.lowercased()) {
          self = .quit
        } else if line.isEmpty {
          self = .download(try HubName(models[proposed].name))
        } else if let number = Int(line) {
          self =
            models.indices.contains(number - 1)
            ? .download(try HubName(models[number - 1].name))
            : .unclear("enter a number from 1 to \(models.count), owner/repo, or q")
        } else {
          self = .download(try HubName(line))
        }
      } catch {
        self = .unclear("\(error)")
      }
    }
  }

  /// The offer.
  /// - Parameters:
  ///   - found: the models on this machine, none of which can be run.
  ///   - columns: of the terminal.
  static func text(
    _ models: [SuggestedModel], _ proposed: Int, memory: Int, host: String, found: Int, columns: Int
  ) -> String {
    let state =
      found == 0
      ? """
      There is no model on this machine yet: none in Sotto's folder, in the Hugging Face cache, in the stores of \
      Ollama, LM Studio and llama.cpp, and in the folders of the settings.
      """
      : "No model on this machine can be run; 'sotto models' lists \(found == 1 ? "it" : "all \(found)") and says why."
    let rows = TextColumns.aligned(
      models.enumerated().map { index, model in
        [
          "\(index + 1)", model.title, byteSize(model.bytes), model.summary,
          index == proposed ? "proposed" : "",
        ]
      }, right: [0, 2])
    let paragraphs = [
      state, "", "These models run with this machine's \(byteSize(memory)) of memory:", "",
      "Enter downloads number \(proposed + 1) from \(host), a number another one, owner/repo any other model of that "
        + "hub; q quits. Nothing is contacted before. An interrupted download resumes.",
    ]
    let texts = paragraphs.map { wrapped($0, columns, indent: 0) }
    return (texts.prefix(4) + rows.map { wrapped("  " + $0, columns, indent: 5) } + ["", texts[4]])
      .joined(separator: "\n")
  }

  /// A text in rows of at most so many columns, the rows after the first with an indentation.
  private static func wrapped(_ text: String, _ columns: Int, indent: Int) -> String {
    let hanging = indent == 0 ? [] : [Span(String(repeating: " ", count: indent), .text)]
    return LineWrapper(width: max(20, columns), hanging: hanging).wrap(text, .text).map(\.text)
      .joined(separator: "\n")
  }
}
