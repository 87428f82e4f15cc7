import Foundation
import TOMLKit

/// The person's settings, from `sotto/settings.toml` in the configuration folder (XDG_CONFIG_HOME).
///
/// ```toml
/// model = "SmolLM2-135M-Instruct"   # the model that a chat begins with
/// theme = "dusk"
/// folders = ["/data/models"]        # where else to look for models
/// typing_ahead = true               # read the draft while it is typed
/// history = true                    # keep what was sent, and sessions
/// ```
struct Settings: Sendable {
  /// The model that a chat begins with.
  var model: String?
  /// The theme's name.
  var theme: String?
  /// Folders to look for models in, beside Sotto's own and the Hugging Face cache.
  var folders: [String] = []
  /// Read the draft while it is typed.
  var typingAhead = true
  /// Keep what was sent, and sessions.
  var history = true

  private static let names = ["model", "theme", "folders", "typing_ahead", "history"]

  /// The file's path.
  static var path: String {
    let environment = ProcessInfo.processInfo.environment
    let base = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
    return (base ?? NSHomeDirectory() + "/.config") + "/sotto/settings.toml"
  }

  /// Reads the file; without one, all is as built in.
  /// - Throws: `CommandError` naming the file and the line.
  static func load(path: String = path) throws -> Settings {
    guard let data = FileManager.default.contents(atPath: path) else { return Settings() }
    let table: TOMLTable
    do {
      table = try TOMLTable(string: String(decoding: data, as: UTF8.self))
    } catch let error as TOMLParseError {
      let line = error.source.begin.line
      throw CommandError("\(path): line \(line): \(error.description); mend it or remove it")
    }
    var settings = Settings()
    for (key, value) in table {
      switch key {
      case "model": settings.model = try text(value, key, path)
      case "theme": settings.theme = try text(value, key, path)
      case "folders":
        guard let list = value.array else { throw wrong(key, "a list of folders", path) }
        settings.folders = try list.map { (try text($0, key, path) as NSString).expandingTildeInPath }
      case "typing_ahead": settings.typingAhead = try flag(value, key, path)
      case "history": settings.history = try flag(value, key, path)
      default:
        let names = "\(names.dropLast().joined(separator: ", ")) and \(names.last ?? "")"
        throw CommandError("\(path): there is no setting '\(key)'; there are \(names)")
      }
    }
    return settings
  }

  private static func text(
    _ value: any TOMLValueConvertible, _ key: String, _ path: String
  ) throws -> String {
    guard let text = value.string else { throw wrong(key, "a text in quotation marks", path) }
    return text
  }

  private static func flag(_ value: any TOMLValueConvertible, _ key: String, _ path: String) throws -> Bool {
    guard let flag = value.bool else { throw wrong(key, "true or false", path) }
    return flag
  }

  private static func wrong(_ key: String, _ expected: String, _ path: String) -> CommandError {
    CommandError("\(path): '\(key)' should be \(expected)")
  }
}
