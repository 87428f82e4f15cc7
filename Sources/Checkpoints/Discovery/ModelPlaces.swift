import Basics

/// The folders to search for models, from the environment and the settings.
public struct ModelPlaces: Sendable, Equatable {
  /// Sotto's model folder: `$XDG_DATA_HOME/sotto/models`, or `~/.local/share/sotto/models`.
  public let own: String
  /// The Hugging Face cache: `$HF_HUB_CACHE`, `$HF_HOME/hub`, or `~/.cache/huggingface/hub`.
  public let huggingFace: String
  /// Ollama's stores: `$OLLAMA_MODELS` if it is set, otherwise that of the user and that of the system's service.
  public let ollama: [String]
  /// LM Studio's folders: those below its home folder, which a file in the user's home may name.
  public let lmStudio: [String]
  /// llama.cpp's cache: `$LLAMA_CACHE`, or `llama.cpp` in the user's folder for caches.
  public let llamaCpp: String
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
    ollama =
      nonempty("OLLAMA_MODELS").map { [folders.expanding($0)] }
      ?? [FileSystem.join(folders.home, ".ollama/models"), "/usr/share/ollama/.ollama/models"]
    let lmStudioHome =
      Self.firstLine(of: FileSystem.join(folders.home, ".lmstudio-home-pointer"))
      ?? FileSystem.join(folders.home, ".lmstudio")
    lmStudio = [
      FileSystem.join(lmStudioHome, "models"), FileSystem.join(folders.dotCache, "lm-studio/models"),
    ]
    llamaCpp = folders.expanding(nonempty("LLAMA_CACHE") ?? FileSystem.join(folders.caches, "llama.cpp"))
    self.others = others.map { folders.expanding($0) }
    self.folders = folders
  }

  /// All folders in search order.
  public var all: [String] { ordered.map(\.path) }

  /// All folders in search order: of two names of the same file, the first found becomes the model's name.
  var ordered: [(origin: ModelOrigin, path: String)] {
    [(.sotto, own), (.huggingFace, huggingFace)] + ollama.map { (.ollama, $0) }
      + lmStudio.map { (.lmStudio, $0) } + [(.llamaCpp, llamaCpp)] + others.map { (.folder, $0) }
  }

  /// The absolute path in the first line of a small file; nil if there is none.
  private static func firstLine(of path: String) -> String? {
    guard FileSystem.isFile(path), let file = try? MappedFile(path), file.count < 4096 else { return nil }
    let line = file.bytes.text?.split(whereSeparator: \.isNewline).first.map(String.init)
    return line.flatMap { $0.hasPrefix("/") ? $0 : nil }
  }
}
