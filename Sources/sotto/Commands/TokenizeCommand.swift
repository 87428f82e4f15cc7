import ArgumentParser
import Basics
import LocalEngine

/// `sotto tokenize`: prints the token ids of a text.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Print the token ids of a text.",
    discussion: "The text of special tokens is encoded as these tokens. No tokens are added.")

  @Argument(
    help: "The file or folder of a model, or a name from 'sotto models' (default: the one in the settings).",
    completion: .model)
  var model: String?

  @Argument(help: "The text; '-' for standard input. It requires MODEL before it.")
  var text = "-"

  @Flag(help: "Print a JSON array.")
  var json = false

  func run() throws {
    let text = try Console.text(text)
    let tokenizer = try OpenedModel.tokenizer(named: model)
    let ids = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
    if json {
      Console.out("[" + ids.map(String.init).joined(separator: ",") + "]\n")
    } else {
      Console.out(ids.map(String.init).joined(separator: " ") + "\n")
    }
  }
}

/// `sotto detokenize`: prints the text of token ids.
struct DetokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detokenize", abstract: "Print the text of token ids.")

  @Argument(
    help: ArgumentHelp(
      """
      A model as for 'tokenize', unless it is the one in the settings; then token ids separated by spaces or commas, \
      or as a JSON array; '-' for standard input.
      """, valueName: "model> <ids"))
  var arguments: [String]

  func run() throws {
    let hasModel = arguments.first.map { !Self.isList($0) } ?? false
    let (model, ids) = (hasModel ? arguments[0] : nil, Array(arguments.dropFirst(hasModel ? 1 : 0)))
    guard !ids.isEmpty else { throw ValidationError("Missing expected argument '<ids>'") }
    let tokenizer = try OpenedModel.tokenizer(named: model)
    let text = ids == ["-"] ? try Console.input() : ids.joined(separator: " ")
    let words = text.split { $0.isWhitespace || ",[]".contains($0) }
    let tokens = try words.map { word in
      guard let id = Int32(word), id >= 0, Int(id) < tokenizer.vocabularyCount else {
        throw CommandError("'\(word)' is not a token id from 0 to \(tokenizer.vocabularyCount - 1)")
      }
      return id
    }
    Console.show(tokenizer.decode(tokens, skipSpecial: false))
  }

  private static func isList(_ text: String) -> Bool {
    text == "-" || text.allSatisfy { $0.isWhitespace || $0.isNumber || ",[]".contains($0) }
  }
}
