import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The available themes: those shipped with the program and the user's own, which override shipped ones by name.
package struct ThemeLibrary: Sendable {
  /// The folder of the user's themes; nil when the environment names none.
  package let folder: String?

  /// The default theme.
  package static let defaultName = "night"

  /// The library of this environment: `$XDG_CONFIG_HOME/sotto/themes`, or `~/.config/sotto/themes`.
  package init(_ folders: UserFolders) {
    folder = FileSystem.join(folders.configuration, "sotto/themes")
  }

  /// The names of all themes, the shipped ones first.
  package var names: [String] {
    let shipped = ShippedThemes.all.map(\.name)
    return shipped + ownNames().filter { !shipped.contains($0) }
  }

  /// What a shipped theme is for, in a few words; nil for a theme of the user's own.
  package static func summary(of name: String) -> String? {
    ShippedThemes.all.first { $0.name == name }?.summary
  }

  /// Loads a theme. Throws a `ThemeError` that names the file and the place.
  package func theme(named name: String) throws -> Theme {
    let parser = ThemeParser { self.text(of: $0)?.text }
    guard let (text, file) = text(of: name) else {
      let near = NearestName.of(name, among: names)
      throw ThemeError(
        file: "theme \(VisibleText.singleLine(name))", line: nil,
        problem: "there is no theme of this name" + (near.map { "; did you mean \($0)?" } ?? "."))
    }
    return try parser.parse(text, name: name, file: file)
  }

  /// The theme for when another could not be loaded. It never fails.
  package static let fallback: Theme = {
    let parser = ThemeParser { name in ShippedThemes.all.first { $0.name == name }?.text }
    let shipped = ShippedThemes.all.first { $0.name == defaultName }
    let theme = shipped.flatMap { try? parser.parse($0.text, name: $0.name, file: $0.name) }
    return theme ?? Theme(name: "none", styles: [:])
  }()

  private func text(of name: String) -> (text: String, file: String)? {
    if let folder, isFileName(name),
      let text = readText("\(folder)/\(name).toml", limit: ThemeParser.sizeLimit + 1)
    {
      return (text, "\(folder)/\(name).toml")
    }
    return ShippedThemes.all.first { $0.name == name }.map { ($0.text, "themes/\(name).toml") }
  }

  // A name is not a path: "inherits" comes from a file.
  private func isFileName(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && !name.contains("/") && !name.contains("\0")
  }

  private func ownNames() -> [String] {
    guard let folder, let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory), names.count < 1000 {
      let file = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
          String(cString: $0)
        }
      }
      if file.hasSuffix(".toml") && isFileName(file) { names.append(String(file.dropLast(5))) }
    }
    return names.sorted()
  }
}
