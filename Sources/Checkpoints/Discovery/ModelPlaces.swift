import Basics

/// The folders to search for models, from the environment and the settings.
public struct ModelPlaces: Sendable, Equatable {
  /// Sotto's model folder: `$XDG_DATA_HOME/sotto/models`, or `~/.local/share/sotto/models`.
  public let own: String
  /// The Hugging Face cache: `$HF_HUB_CACHE`, `$HF_HOME/hub`, or `~/.cache/huggingface/hub`.
  public let huggingFace: String
  /// The folders from the settings, with `~/` resolved.
  public let others: [String]

  let folders: UserFolders

  /// Determines the folders, which need not exist.
  /// - Parameter environment: looks up a variable; the default is the process environment.
  public init(others: [String] = [], environment: (String) -> String? = UserFolders.variable) {
    func nonempty(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    let folders = UserFolders(environment: environment)
    own = FileSystem.join(folders.data, "sotto/models")
    let hub =
      nonempty("HF_HUB_CACHE") ?? nonempty("HUGGINGFACE_HUB_CACHE")
      ?? nonempty("HF_HOME").map { FileSystem.join($0, "hub") }
      ?? FileSystem.join(folders.dotCache, "huggingface/hub")
    huggingFace = folders.expanding(hub)
    self.others = others.map { folders.expanding($0) }
    self.folders = folders
  }

  /// All folders in search order.
  public var all: [String] { [own, huggingFace] + others }
}
