import Basics

/// Executes the effects on the user's files that the screen and the line mode have in common.
struct FileEffects {
  let folders: UserFolders
  let presets: PresetFolder
  private let settings: SettingsFile

  init(_ folders: UserFolders) {
    self.folders = folders
    presets = PresetFolder(folders)
    settings = .standard(folders)
  }

  /// Executes an effect. Returns the event with its result; nil for another effect.
  func event(of effect: ChatEffect) -> ChatEvent? {
    switch effect {
    case .listFiles(let typed): .files(.of(typed, folders))
    case .attach(let path): .attached(FileAttachment.reading(path, folders))
    case .loadPreset(let name): .presetLoaded(name, presets.loading(name))
    case .savePreset(let name, let values): .presetSaved(name, problem: presets.save(values, as: name))
    case .saveSettings(let values): settings.save(values)
    default: nil
    }
  }
}
