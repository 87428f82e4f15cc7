import Basics
import TOMLKit

/// An error in a theme file, for its author: the file, the line, and what to write instead.
package struct ThemeError: Error, Equatable, CustomStringConvertible {
  package let file: String
  /// The line, from 1, if it is known.
  package let line: Int?
  package let problem: String

  package var description: String {
    printable("\(file)\(line.map { ":\($0)" } ?? ""): \(problem)", limit: 2000)
  }
}

/// Parses theme files:
///
///     inherits = "plain"                         # optional: another theme's name
///     [palette]
///     rose = "#eb6f92"
///     [roles]
///     accent = "rose"                            # the colour of the text
///     heading = { fg = "rose", bg = "", bold = true }
///
/// A colour is a palette entry, "#rrggbb", an index from 0 to 255, a name such as "bright-blue", or "" for the
/// terminal's default. The palette of an inherited theme can be used and overridden: its roles then have the new colours.
package struct ThemeParser {
  /// Returns the text of an inherited theme; nil when there is none of that name.
  package let source: (String) -> String?

  package init(source: @escaping (String) -> String?) { self.source = source }

  /// The maximum bytes of a theme file.
  package static let sizeLimit = 256 * 1024
  private static let inheritanceLimit = 8
  private static let flags: [(String, Emphasis)] = [
    ("bold", .bold), ("dim", .dim), ("italic", .italic), ("underline", .underline), ("reverse", .reverse),
  ]

  private struct Layer {
    var palette: [String: ThemeColor] = [:]
    var roles: [StyleRole: Entry] = [:]
  }

  // A role as written. Its colours are looked up last, in the palette of the theme that inherits it.
  private struct Entry {
    var value: (any TOMLValueConvertible)?
    var text: String
    var file: String
  }

  /// Parses a theme. `file` is named in errors.
  package func parse(_ text: String, name: String, file: String) throws -> Theme {
    var inherited: Set<String> = [name]
    let layer = try read(text, file: file, inherited: &inherited)
    var styles: [StyleRole: Theme.Style] = [:]
    for (role, entry) in layer.roles {
      styles[role] = try style(entry.value, role.rawValue, entry.text, entry.file, layer)
    }
    return Theme(name: name, styles: styles)
  }

  private func read(_ text: String, file: String, inherited: inout Set<String>) throws -> Layer {
    guard text.utf8.count <= Self.sizeLimit else {
      throw ThemeError(
        file: file, line: nil, problem: "the file is too large; a theme may have at most 256 KiB.")
    }
    let table = try document(text, file)
    var layer = Layer()
    if let parent = table["inherits"] {
      let line = Self.line(of: "inherits", in: text)
      guard let parent = parent.string else {
        throw ThemeError(file: file, line: line, problem: "inherits takes the name of a theme in quotes.")
      }
      guard inherited.insert(parent).inserted, inherited.count <= Self.inheritanceLimit else {
        throw ThemeError(
          file: file, line: line, problem: "inherits forms a circle or is nested too deeply at \"\(parent)\"."
        )
      }
      guard let parentText = source(parent) else {
        throw ThemeError(file: file, line: line, problem: "there is no theme \"\(parent)\" to inherit from.")
      }
      layer = try read(parentText, file: parent, inherited: &inherited)
    }
    for key in table.keys where !["inherits", "palette", "roles", "name"].contains(key) {
      throw ThemeError(
        file: file, line: Self.line(of: key, in: text),
        problem:
          "\"\(VisibleText.singleLine(key))\" is not known; a theme has inherits, palette and roles.")
    }
    try readPalette(table, text, file, into: &layer)
    try readRoles(table, text, file, into: &layer)
    return layer
  }

  private func document(_ text: String, _ file: String) throws -> TOMLTable {
    do throws(TOMLDocument.SyntaxError) { return try TOMLDocument.parse(text) } catch {
      throw ThemeError(file: file, line: error.line, problem: VisibleText.singleLine(error.problem))
    }
  }

  private func readPalette(_ table: TOMLTable, _ text: String, _ file: String, into layer: inout Layer) throws
  {
    guard let value = table["palette"] else { return }
    guard let palette = value.table else {
      throw ThemeError(
        file: file, line: Self.line(of: "palette", in: text), problem: "palette must be a table: [palette].")
    }
    for key in palette.keys {
      guard let written = palette[key]?.string, let color = ThemeColor(written) else {
        throw Self.notAColor(palette[key], key, text, file)
      }
      layer.palette[key] = color
    }
  }

  private func readRoles(_ table: TOMLTable, _ text: String, _ file: String, into layer: inout Layer) throws {
    guard let value = table["roles"] else { return }
    guard let roles = value.table else {
      throw ThemeError(
        file: file, line: Self.line(of: "roles", in: text), problem: "roles must be a table: [roles].")
    }
    for key in roles.keys {
      guard let role = StyleRole(rawValue: key) else {
        let near = NearestName.of(key, among: StyleRole.allCases.map(\.rawValue))
        throw ThemeError(
          file: file, line: Self.line(of: key, in: text),
          problem: "there is no role \"\(VisibleText.singleLine(key))\""
            + (near.map { "; did you mean \($0)?" } ?? "."))
      }
      layer.roles[role] = Entry(value: roles[key], text: text, file: file)
    }
  }

  private func style(
    _ value: (any TOMLValueConvertible)?, _ key: String, _ text: String, _ file: String, _ layer: Layer
  ) throws -> Theme.Style {
    func color(_ value: any TOMLValueConvertible) throws -> ThemeColor {
      guard let written = value.string, let color = layer.palette[written] ?? ThemeColor(written) else {
        throw Self.notAColor(value, key, text, file)
      }
      return color
    }
    guard let value else { return Theme.Style() }
    guard let parts = value.table else { return Theme.Style(foreground: try color(value)) }
    var style = Theme.Style()
    for part in parts.keys {
      guard let entry = parts[part] else { continue }
      if part == "fg" {
        style.foreground = try color(entry)
      } else if part == "bg" {
        style.background = try color(entry)
      } else if let flag = Self.flags.first(where: { $0.0 == part })?.1, let isOn = entry.bool {
        if isOn {
          style.emphasis = (style.emphasis ?? []).union(flag)
        } else {
          style.emphasis = style.emphasis ?? []
        }
      } else {
        throw ThemeError(
          file: file, line: Self.line(of: key, in: text),
          problem: "\(key): \"\(VisibleText.singleLine(part))\" is not known; a role has fg, bg and "
            + "bold, dim, italic, underline, reverse = true or false.")
      }
    }
    return style
  }

  private static func notAColor(
    _ value: (any TOMLValueConvertible)?, _ key: String, _ text: String, _ file: String
  ) -> ThemeError {
    let written = value?.string.map { "\"\(VisibleText.singleLine(String($0.prefix(40))))\"" } ?? "this"
    return ThemeError(
      file: file, line: line(of: key, in: text),
      problem:
        "\(VisibleText.singleLine(key)): \(written) is not a colour; write \"#rrggbb\", 0 to 255 in quotes, "
        + "a name such as \"bright-blue\", an entry of [palette], or \"\".")
  }

  /// The first line that starts with the key: TOMLKit does not give the position of a value.
  private static func line(of key: String, in text: String) -> Int? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let place = lines.firstIndex { line in
      let start = line.drop { $0 == " " || $0 == "\t" || $0 == "\"" || $0 == "'" || $0 == "[" }
      guard start.hasPrefix(key) else { return false }
      guard let next = start.dropFirst(key.count).first else { return true }
      return " =\"'].\t".contains(next)
    }
    return place.map { $0 + 1 }
  }
}
