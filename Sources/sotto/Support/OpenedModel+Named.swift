import Checkpoints
import LocalEngine
import Models
import Tokenization

extension ModelFinder {
  /// A finder for the folders of Sotto and of other programs, and those in the settings.
  static func fromSettings() throws -> ModelFinder {
    ModelFinder(
      ModelPlaces(others: try Settings.load().folders), index: usualIndex,
      problem: { Registry.problem(with: $0) })
  }
}

extension OpenedModel {
  /// Opens a model.
  /// - Parameter name: a path, or a name from `sotto models`.
  init(named name: String) throws {
    try self.init(path: ModelFinder.fromSettings().resolve(name))
  }

  /// Loads only the tokenizer of a model, which needs no weights.
  static func tokenizer(named name: String) throws -> Tokenizer {
    try tokenizer(of: Checkpoint.open(ModelFinder.fromSettings().resolve(name)))
  }
}
