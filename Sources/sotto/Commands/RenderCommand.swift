import ArgumentParser
import Basics
import Foundation
import LocalEngine
import Templates
import TerminalInterface

/// `sotto render`: prints the prompt for a conversation.
struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Render a conversation with the chat template of a model.")

  @Argument(
    help: "The file or folder of a model, or a name from 'sotto models' (default: the one in the settings).",
    completion: .model)
  var model: String?

  @Option(help: "A file with a JSON array of messages.")
  var messages: String

  @Option(help: "A file with a JSON array of tools.")
  var tools: String?

  @Option(help: "A file with a Jinja template that replaces that of the model.")
  var template: String?

  @Flag(help: "Omit the header of the assistant's answer.")
  var noGenerationPrompt = false

  @Option(name: .customLong("option"), help: "A template variable as KEY=JSON; may be repeated.")
  var options: [String] = []

  func run() throws {
    let conversation = try Self.json(messages)
    let toolList = try tools.map(Self.json)
    let opened = try OpenedModel(named: model, UserSettings.load())
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
      throw CommandError("\(path): not UTF-8 text")
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

  /// Parses KEY=JSON pairs.
  static func variables(_ options: [String]) throws -> [String: JSON] {
    var variables: [String: JSON] = [:]
    for option in options {
      guard let equals = option.firstIndex(of: "="), equals != option.startIndex else {
        throw CommandError("--option must be KEY=JSON, such as enable_thinking=false, not '\(option)'")
      }
      let value = String(option[option.index(after: equals)...])
      do {
        variables[String(option[..<equals])] = try JSON(parsing: value)
      } catch {
        throw CommandError(
          "--option \(option): the value is not JSON (a string requires quotation marks): \(error)")
      }
    }
    return variables
  }
}
