import Checkpoints

/// The model of a chat if neither the command nor the settings specify one.
package enum DefaultModel {
  /// The model that `make chat` downloads.
  package static let name = "SmolLM2-135M-Instruct"

  /// The path of the default model if it was downloaded, otherwise of the first usable model; nil if there is none.
  package static func choose(among entries: [ModelEntry]) -> String? {
    let usable = entries.filter { $0.problem == nil }
    return (usable.first { $0.names.contains { $0.hasPrefix(name) } } ?? usable.first)?.path
  }
}
