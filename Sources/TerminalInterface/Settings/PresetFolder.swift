import Basics

/// The presets: files `NAME.toml` in `sotto/presets` of the configuration folder, with the same keys as settings.toml.
/// Those that only take effect at the start, except the model, are not allowed.
package struct PresetFolder: Sendable {
  package let path: String

  package init(_ folders: UserFolders) { path = FileSystem.join(folders.configuration, "sotto/presets") }

  /// The names of the presets.
  package var names: [String] {
    FileSystem.names(in: path).filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) }
  }

  /// The file of a preset, which need not exist; nil for a name with a slash or a leading dot.
  package func file(_ name: String) -> SettingsFile? {
    guard FileSystem.isPlainName(name), !name.hasPrefix(".") else { return nil }
    return SettingsFile(path: FileSystem.join(path, name + ".toml"))
  }

  /// The values of a preset.
  /// - Throws: `SettingsFile.Problem` if there is no such preset, or if its file is invalid.
  package func load(_ name: String) throws(SettingsFile.Problem) -> UserSettings.Values {
    guard let file = file(name), FileSystem.isFile(file.path) else {
      let near = NearestName.of(name, among: names).map { "; did you mean \($0)?" } ?? ""
      throw SettingsFile.Problem(
        "there is no preset '\(VisibleText.singleLine(name))' in \(path)\(near)")
    }
    let values = try file.load()
    if let name = values.keys.first(where: { Setting.of($0).scope == .start && $0 != .model }) {
      throw SettingsFile.Problem(
        "\(file.path): '\(name.rawValue)' cannot be in a preset; it takes effect when Sotto starts")
    }
    return values
  }

  /// The outcome of loading a preset.
  package func loading(_ name: String) -> Result<UserSettings.Values, SettingsFile.Problem> {
    do throws(SettingsFile.Problem) { return .success(try load(name)) } catch { return .failure(error) }
  }

  /// Writes values into a preset, which is created if there is none. Returns the problem; nil on success.
  package func save(_ values: UserSettings.Values, as name: String) -> String? {
    guard let file = file(name) else {
      return "'\(VisibleText.singleLine(name))' cannot be the name of a file"
    }
    do throws(SettingsFile.Problem) {
      for setting in Setting.all {
        if let value = values[setting.name] { try file.set(setting.name, to: value) }
      }
      return nil
    } catch {
      return error.description
    }
  }
}
