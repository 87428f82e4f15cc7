import Basics
import Checkpoints
import Foundation

/// The output of `sotto models`.
enum ModelTable {
  /// One line per model, with aligned columns; a model that cannot be opened is listed with its error.
  static func text(_ entries: [ModelEntry]) -> String {
    let rows = entries.map { entry in
      (name: entry.name, size: size(entry.bytes), format: entry.quantization ?? "", rest: rest(entry))
    }
    let nameWidth = rows.map(\.name.count).max() ?? 0
    let formatWidth = rows.map(\.format.count).max() ?? 0
    return rows.map { row in
      let name = row.name.padding(toLength: nameWidth, withPad: " ", startingAt: 0)
      let size = String(repeating: " ", count: max(0, 9 - row.size.count)) + row.size
      let format = row.format.padding(toLength: formatWidth, withPad: " ", startingAt: 0)
      return "\(name) \(size)  \(format)  \(row.rest)\n"
    }.joined()
  }

  private static func rest(_ entry: ModelEntry) -> String {
    if let error = entry.error { return "cannot be used: \(error)" }
    return [entry.architecture ?? "", entry.path].joined(separator: "  ")
  }

  /// A size in kB, MB or GB.
  static func size(_ bytes: Int) -> String {
    switch bytes {
    case ..<1_000_000: String(format: "%.0f kB", Double(bytes) / 1e3)
    case ..<1_000_000_000: String(format: "%.0f MB", Double(bytes) / 1e6)
    default: String(format: "%.1f GB", Double(bytes) / 1e9)
    }
  }
}

extension ModelEntry {
  /// The object of `sotto models --json`; unknown properties are null.
  var json: JSON {
    [
      "name": .string(name),
      "path": .string(path),
      "format": kind.map { .string($0.rawValue) } ?? .null,
      "size_bytes": .integer(bytes),
      "quantization": quantization.map { .string($0) } ?? .null,
      "architecture": architecture.map { .string($0) } ?? .null,
      "parameters": parameters.map { .integer($0) } ?? .null,
      "error": error.map { .string("\($0)") } ?? .null,
    ]
  }
}
