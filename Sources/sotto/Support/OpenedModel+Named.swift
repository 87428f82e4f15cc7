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

  /// The draft model for this one.
  /// - Parameters:
  ///   - name: what the command line asks for, which must fit.
  ///   - setting: the name in the settings file, which is used where it fits.
  func draft(_ name: String?, settings setting: String?) throws -> OpenedModel? {
    try DraftModel(named: name, settings: setting)?.fitting(self)?.model
  }
}

extension DraftModel {
  /// The draft model that the command line asks for, otherwise the one in the settings file; nil for none.
  init?(named name: String?, settings setting: String?) throws {
    if let name {
      self.init(try OpenedModel(named: name), isRequired: true)
    } else if let setting {
      do { self.init(try OpenedModel(named: setting), isRequired: false) } catch {
        throw CommandError("\(Settings.path): draft = \"\(setting)\": \(error)")
      }
    } else {
      return nil
    }
  }
}
