import Checkpoints
import LocalEngine
import Tokenization

extension ModelFinder {
  /// Finds models on this machine: in Sotto's folder, the Hugging Face cache, and the folders in the settings.
  static func fromSettings() throws -> ModelFinder {
    ModelFinder(ModelPlaces(others: try Settings.load().folders))
  }
}

extension OpenedModel {
  /// Opens a model.
  /// - Parameter name: a path, or a name that `sotto models` lists.
  init(named name: String) throws {
    try self.init(path: ModelFinder.fromSettings().resolve(name))
  }

  /// Only a model's tokenizer; a folder without weights will do.
  static func tokenizer(named name: String) throws -> Tokenizer {
    try Tokenizer.load(path: ModelFinder.fromSettings().resolve(name))
  }
}
