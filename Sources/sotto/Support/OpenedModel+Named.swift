import Checkpoints
import LocalEngine
import Tokenization

extension ModelFinder {
  /// A finder for Sotto's folder, the Hugging Face cache and the folders in the settings.
  static func fromSettings() throws -> ModelFinder {
    ModelFinder(ModelPlaces(others: try Settings.load().folders))
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
    try Tokenizer.load(path: ModelFinder.fromSettings().resolve(name))
  }
}
