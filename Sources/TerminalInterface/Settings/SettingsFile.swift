import Basics
import TOMLKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file of settings: settings.toml, or a preset.
package struct SettingsFile: Sendable, Equatable {
  package let path: String

  /// A file that cannot be read, changed or written, with the file, the line and the fix.
  package struct Problem: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
  }

  /// The maximum bytes of a file.
  package static let sizeLimit = 1 << 20

  package init(path: String) { self.path = path }

  /// The file `sotto/settings.toml` in the user's configuration folder.
  package static func standard(_ folders: UserFolders) -> SettingsFile {
    SettingsFile(path: FileSystem.join(folders.configuration, "sotto/settings.toml"))
  }

  /// The values; none if there is no file.
  /// - Throws: `Problem` for invalid TOML, an unknown setting, or an invalid value.
  package func load() throws(Problem) -> UserSettings.Values {
    guard let text = try text() else { return [:] }
    return try values(in: text)
  }

  /// Changes a value, or removes it if it is nil, or auto where that is not a value of its own; comments and everything
  /// else in the file stay.
  /// - Throws: `Problem` if the file cannot be read or written; then it was not changed.
  package func set(_ name: SettingName, to value: SettingValue?) throws(Problem) {
    let old = try text() ?? ""
    _ = try values(in: old)
    var edit = TOMLEdit(old)
    let value = value.flatMap { Setting.of(name).isInitial($0) ? nil : $0 }
    if let value {
      edit.set(name.rawValue, to: value.toml)
    } else {
      edit.remove(name.rawValue)
    }
    guard edit.text != old else { return }
    // The document is checked before it replaces the old one.
    guard try values(in: edit.text)[name] == value else {
      throw Problem("\(path): \(name.rawValue) could not be changed; change the file with an editor")
    }
    do throws(FileError) {
      try FileSystem.makeFolder(FileSystem.folder(of: path))
      try WholeFileWriter.write(edit.text, to: path, permissions: permissions)
    } catch {
      throw Problem("\(error)")
    }
  }

  /// The values in a document.
  package func values(in text: String) throws(Problem) -> UserSettings.Values {
    let table: TOMLTable
    do throws(TOMLDocument.SyntaxError) { table = try TOMLDocument.parse(text) } catch {
      throw Problem("\(path): line \(error.line): \(error.problem); correct or remove the line")
    }
    let lines = TOMLEdit(text)
    var values: UserSettings.Values = [:]
    for (key, value) in table {
      let place = lines.line(of: key).map { "\(path): line \($0)" } ?? path
      guard let setting = Setting.all.first(where: { $0.name.rawValue == key }) else {
        let names = Setting.all.map(\.name.rawValue)
        let hint =
          NearestName.of(key, among: names).map { "did you mean '\($0)'?" }
          ?? "the settings are \(names.joined(separator: ", "))"
        throw Problem("\(place): unknown setting '\(VisibleText.singleLine(key))'; \(hint)")
      }
      guard let accepted = SettingValue(value).flatMap({ setting.accepted($0) }) else {
        throw Problem("\(place): '\(key)' must be \(setting.fileExpectation)")
      }
      values[setting.name] = accepted
    }
    return values
  }

  private func text() throws(Problem) -> String? {
    var facts = stat()
    guard stat(path, &facts) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw Problem("\(path): cannot be read: \(String(cString: strerror(errno)))")
    }
    guard let text = readText(path, limit: Self.sizeLimit + 1) else {
      throw Problem("\(path): cannot be read; make it readable, or remove it")
    }
    guard text.utf8.count <= Self.sizeLimit else {
      throw Problem("\(path): larger than 1 MiB; a settings file is small")
    }
    // Invalid bytes would be replaced when the file is written.
    guard !text.unicodeScalars.contains("\u{FFFD}") else { throw Problem("\(path): not UTF-8 text") }
    return text
  }

  /// The mode of the file; that of new files if there is none.
  private var permissions: UInt16 {
    var facts = stat()
    return stat(path, &facts) == 0 ? UInt16(truncatingIfNeeded: facts.st_mode & 0o777) : 0o644
  }
}

extension Setting {
  /// What the setting takes in a file.
  fileprivate var fileExpectation: String {
    switch kind {
    case .toggle: keepsAuto ? "true, false or \"auto\"" : "true or false"
    case .device: "\"auto\", \"cpu\", \"cuda\" or \"cuda:N\" (see 'sotto devices')"
    case .text, .theme, .effort: "a string in quotation marks"
    case .choice(let words): words.map { "\"\($0)\"" }.joined(separator: ", ")
    case .folders: "a list of folders"
    default: expectation()
    }
  }
}
