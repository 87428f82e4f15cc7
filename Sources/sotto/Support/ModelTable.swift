import Basics
import Checkpoints
import Foundation

/// The output of `sotto models`.
enum ModelTable {
  /// One line per model, with aligned columns: name, size, parameters, format, architecture, where it is from, and why
  /// it cannot be run.
  static func text(_ entries: [ModelEntry]) -> String {
    let rows = entries.map { entry in
      [
        entry.name, size(entry.bytes), entry.parameters.map(count) ?? "", entry.quantization ?? "",
        entry.architecture ?? "",
        entry.origin.rawValue + (entry.problem.map { "  cannot be run: \($0)" } ?? ""),
      ]
    }
    let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, text in
        guard column < widths.count else { return text }
        let space = String(repeating: " ", count: widths[column] - text.count)
        return column == 1 || column == 2 ? space + text : text + space
      }
      return cells.joined(separator: "  ") + "\n"
    }.joined()
  }

  /// A size in kB, MB or GB.
  static func size(_ bytes: Int) -> String {
    switch bytes {
    case ..<1_000_000: String(format: "%.0f kB", Double(bytes) / 1e3)
    case ..<1_000_000_000: String(format: "%.0f MB", Double(bytes) / 1e6)
    default: String(format: "%.1f GB", Double(bytes) / 1e9)
    }
  }

  /// A number of parameters: "135M", "20.9B".
  static func count(_ parameters: Int) -> String {
    switch parameters {
    case ..<1_000_000: String(format: "%.0fK", Double(parameters) / 1e3)
    case ..<1_000_000_000: String(format: "%.0fM", Double(parameters) / 1e6)
    default: String(format: "%.1fB", Double(parameters) / 1e9)
    }
  }
}

extension ModelEntry {
  /// The object of `sotto models --json`; unknown properties are null.
  var json: JSON {
    [
      "name": .string(name),
      "names": .array(names.map { .string($0) }),
      "path": .string(path),
      "from": .string(origin.rawValue),
      "format": kind.map { .string($0.rawValue) } ?? .null,
      "size_bytes": .integer(bytes),
      "quantization": quantization.map { .string($0) } ?? .null,
      "architecture": architecture.map { .string($0) } ?? .null,
      "parameters": parameters.map { .integer($0) } ?? .null,
      "runs": .bool(problem == nil),
      "problem": problem.map { .string($0) } ?? .null,
    ]
  }
}
