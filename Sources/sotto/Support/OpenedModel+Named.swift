import Checkpoints
import LocalEngine
import Models
import TerminalInterface
import Tokenization

extension ModelFinder {
  /// A finder for the folders of Sotto and of other programs, and those in the settings.
  static func from(_ settings: UserSettings) -> ModelFinder {
    ModelFinder(
      ModelPlaces(others: settings.modelFolders), index: usualIndex,
      problem: { Registry.problem(with: $0) ?? vocabularyProblem($0) })
  }

  /// Why a model cannot be asked anything, although its weights can be used.
  private static func vocabularyProblem(_ model: CheckpointSummary) -> String? {
    guard !model.hasVocabulary else { return nil }
    return model.kind == .gguf
      ? "the file has no vocabulary; convert the model again"
      : "no vocabulary beside the weights; download the model's tokenizer.json"
  }
}

extension OpenedModel {
  /// Opens a model.
  /// - Parameter name: a path, or a name from `sotto models`; nil for the model in the settings.
  init(named name: String?, _ settings: UserSettings) throws {
    self = try Self.resolve(name, settings) { try OpenedModel(path: $0) }
  }

  /// Loads only the tokenizer of a model, which needs no weights.
  static func tokenizer(named name: String?) throws -> Tokenizer {
    try resolve(name, UserSettings.load()) { try tokenizer(of: Checkpoint.open($0)) }
  }

  /// Opens the files of a model, for commands that need neither its tokenizer nor its template.
  static func checkpoint(named name: String?) throws -> Checkpoint {
    try resolve(name, UserSettings.load()) { try Checkpoint.open($0) }
  }

  private static func resolve<Result>(
    _ name: String?, _ settings: UserSettings, _ open: (String) throws -> Result
  ) throws -> Result {
    let finder = ModelFinder.from(settings)
    let choice = try NamedModel(name, settings, finder)
    do { return try open(finder.resolve(choice.name)) } catch { throw choice.explained(error) }
  }

  /// The draft model for this one.
  /// - Parameter name: what the command line asks for, which must fit; nil for the one in the settings, which is used
  ///   where it fits.
  func draft(_ name: String?, _ settings: UserSettings) throws -> OpenedModel? {
    try DraftModel(named: name, settings)?.fitting(self)?.model
  }
}

extension DraftModel {
  /// The draft model that the command line asks for, otherwise the one in the settings; nil for none.
  init?(named name: String?, _ settings: UserSettings) throws {
    if let name {
      self.init(try OpenedModel(named: name, settings), isRequired: true)
    } else if let setting = settings.text(.draft) {
      do { self.init(try OpenedModel(named: setting, settings), isRequired: false) } catch {
        throw CommandError("\(UserSettings.file.path): draft = \"\(setting)\": \(error)")
      }
    } else {
      return nil
    }
  }
}
