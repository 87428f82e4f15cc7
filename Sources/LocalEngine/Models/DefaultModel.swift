import Checkpoints

/// Which model a chat begins with when neither the command nor the settings name one.
package enum DefaultModel {
  /// What `make chat` fetches.
  package static let name = "SmolLM2-135M-Instruct"

  /// The fetched model where it is there, else the first usable one that is found; nil for none.
  package static func choose(among entries: [ModelEntry]) -> String? {
    let usable = entries.filter { $0.error == nil }
    return (usable.first { $0.name.hasPrefix(name) } ?? usable.first)?.path
  }
}
