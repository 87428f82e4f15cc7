import ArgumentParser
import Basics
import Checkpoints
import Conversation
import Devices
import Generation
import LocalEngine
import TerminalInterface

extension UserSettings {
  /// The settings file of this environment.
  static var file: SettingsFile { .standard(UserFolders()) }

  /// The settings in settings.toml.
  /// - Throws: `CommandError` with the file, the line and the fix.
  static func load() throws -> UserSettings {
    do throws(SettingsFile.Problem) { return UserSettings(file: try file.load()) } catch {
      throw CommandError(error.description)
    }
  }

  /// Takes the values of a preset; nil for none.
  /// - Throws: `CommandError` if there is no such preset, or if its file is invalid.
  mutating func use(preset name: String?) throws {
    guard let name else { return }
    do throws(SettingsFile.Problem) { preset = try PresetFolder(UserFolders()).load(name) } catch {
      throw CommandError(error.description)
    }
  }

  /// The folders with models, with `~` replaced.
  var modelFolders: [String] { list(.folders).map { UserFolders().expanding($0) } }

  /// The store for caches on disk; nil if `cache_disk` is 0.
  var cacheStore: CacheStore? {
    let gigabytes = number(.cacheDisk) ?? 0
    return gigabytes > 0 ? CacheStore(limit: Int(gigabytes * 1e9)) : nil
  }

  /// The memory limits of the chat.
  var limits: GeneratorLimits {
    GeneratorLimits(
      cacheBytes: number(.cacheBudget).map { Int($0 * 1e9) },
      modelBytes: number(.modelBudget).map { Int($0 * 1e9) })
  }
}

/// The model of a command.
struct NamedModel {
  let name: String
  /// Whether it is from settings.toml or a preset, and not from an argument.
  let origin: ChatSettings.Origin?

  /// The named model; otherwise the one in the settings, otherwise the default model of this machine.
  /// - Throws: `CommandError` if there is no model.
  init(_ name: String?, _ settings: UserSettings, _ finder: ModelFinder) throws {
    if let name {
      (self.name, origin) = (name, nil)
    } else if let found = settings.found(.model) {
      (self.name, origin) = (found.value.text, found.origin)
    } else if let name = DefaultModel.choose(among: finder.entries()) {
      (self.name, origin) = (name, nil)
    } else {
      throw CommandError.noModels
    }
  }

  /// An error about the model, with the settings file if the model is from there.
  func explained(_ error: any Error) -> any Error {
    guard origin == .file, !(error is UnusableDevice) else { return error }
    return CommandError("\(UserSettings.file.path): model = \"\(name)\": \(error)")
  }
}
