import ArgumentParser
import Basics
import Conversation
import LocalEngine
import TerminalInterface

/// `sotto config`: the settings and where they come from.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Show the settings and where each value comes from.",
    discussion: """
      The settings are in sotto/settings.toml in the configuration folder (XDG_CONFIG_HOME or ~/.config). In the chat, /set changes them and /set --save writes them there; \
      options of the commands take precedence. A value "auto" follows the model, the terminal or the machine.
      """)

  @Argument(help: "The name of one setting.")
  var name: String?

  @Flag(help: "Print a JSON array of objects with name, value, origin, summary.")
  var json = false

  func run() throws {
    let settings = try UserSettings.load()
    var shown = Setting.all
    if let name {
      guard let setting = Setting.named(name) else {
        throw CommandError(
          "there is no setting '\(name)'; the settings are "
            + Setting.all.map(\.name.rawValue).joined(separator: ", "))
      }
      shown = [setting]
    }
    let rows = shown.map { ConfigRow($0, settings) }
    if json {
      Console.out(JSON.array(rows.map(\.json)).text(.pretty) + "\n")
    } else if name != nil {
      Console.show(rows[0].text + "\n")
    } else {
      Console.note("# \(UserSettings.file.path)")
      let lines = TextColumns.aligned(
        rows.map { [$0.setting.name.rawValue, "= " + VisibleText.singleLine($0.text), $0.origin] })
      Console.show(lines.joined(separator: "\n") + "\n")
    }
  }
}

/// A setting with its value without a model.
private struct ConfigRow {
  let setting: Setting
  let value: SettingValue?
  let text: String
  let origin: String

  init(_ setting: Setting, _ settings: UserSettings) {
    let answers = settings.applied(to: .defaults(recommended: .init()))
    self.setting = setting
    let found = settings.found(setting.name).flatMap { setting.isInitial($0.value) ? nil : $0 }
    value =
      setting.scope == .answers ? answers.value(of: setting.name) : settings.value(setting.name)
    text = settings.text(of: setting, answers: answers)
    origin =
      found?.origin.rawValue
      ?? (setting.isRecommended ? "built in, unless the model recommends another" : "built in")
  }

  var json: JSON {
    [
      "name": .string(setting.name.rawValue), "value": value?.json ?? .null, "origin": .string(origin),
      "summary": .string(setting.summary),
    ]
  }
}

extension Setting {
  /// Whether models recommend a value.
  fileprivate var isRecommended: Bool {
    [.temperature, .topP, .topK, .minP, .repetitionPenalty].contains(name)
  }
}

extension SettingValue {
  /// The value as JSON.
  fileprivate var json: JSON {
    switch self {
    case .real(let number): .number(number)
    case .integer(let number): .integer(number)
    case .flag(let flag): .bool(flag)
    case .text(let text): .string(text)
    case .list(let texts): .array(texts.map { .string($0) })
    case .auto: .null
    }
  }
}
