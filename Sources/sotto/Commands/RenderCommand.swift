import ArgumentParser
import Basics
import Foundation
import LocalEngine
import Templates

/// `sotto render`: the prompt exactly as the model gets it.
struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Print a conversation as the model's chat template renders it.")

  @Argument(help: "A model's file or folder, or a name that 'sotto models' lists.")
  var model: String

  @Option(help: "A file with a JSON array of messages.")
  var messages: String

  @Option(help: "A file with a JSON array of tools.")
  var tools: String?

  @Option(help: "A Jinja template to take instead of the model's own.")
  var template: String?

  @Flag(help: "Leave out the beginning of the model's answer.")
  var noGenerationPrompt = false

  @Option(name: .customLong("option"), help: "A variable for the template, as KEY=JSON; may be repeated.")
  var options: [String] = []

  func run() throws {
    let conversation = try Self.json(messages)
    let toolList = try tools.map(Self.json)
    let opened = try OpenedModel(named: model)
    let prompt = try opened.render(
      messages: conversation, tools: toolList, addGenerationPrompt: !noGenerationPrompt,
      variables: try Self.variables(options), template: try template.map(Self.text))
    Console.show(prompt)
  }

  private static func text(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError("\(path): cannot be read")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw CommandError("\(path): is not UTF-8 text")
    }
    return text
  }

  private static func json(_ path: String) throws -> JSON {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError("\(path): cannot be read")
    }
    do {
      return try JSON(parsing: [UInt8](data))
    } catch {
      throw CommandError("\(path): \(error)")
    }
  }

  /// "key=json" pairs; a value that is not JSON is taken as text.
  static func variables(_ options: [String]) throws -> [String: JSON] {
    var variables: [String: JSON] = [:]
    for option in options {
      guard let equals = option.firstIndex(of: "="), equals != option.startIndex else {
        throw CommandError("--option takes KEY=JSON, such as enable_thinking=false, not '\(option)'")
      }
      let value = String(option[option.index(after: equals)...])
      do {
        variables[String(option[..<equals])] = try JSON(parsing: value)
      } catch {
        throw CommandError(
          "--option \(option): the value is not JSON (a text needs quotation marks): \(error)")
      }
    }
    return variables
  }
}
