import Basics

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The folders in which models are looked for, by the environment's rules.
public struct ModelPlaces: Sendable, Equatable {
  /// Where Sotto keeps models: `$XDG_DATA_HOME/sotto/models`, or `~/.local/share/sotto/models`.
  public let own: String
  /// The Hugging Face cache: `$HF_HUB_CACHE`, `$HF_HOME/hub`, or `~/.cache/huggingface/hub`.
  public let huggingFace: String
  /// Folders from the settings, with `~/` resolved.
  public let others: [String]

  let home: String

  /// Works out the folders; none of them need exist.
  /// - Parameter environment: looks up a variable; the program's own environment by default.
  public init(others: [String] = [], environment: (String) -> String? = ModelPlaces.variable) {
    // A relative path in an XDG variable is to be ignored (XDG Base Directory Specification).
    func absolute(_ name: String) -> String? {
      environment(name).flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    func nonempty(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    let home = nonempty("HOME") ?? "/"
    let data = absolute("XDG_DATA_HOME") ?? FileSystem.join(home, ".local/share")
    own = FileSystem.join(data, "sotto/models")
    let cache = absolute("XDG_CACHE_HOME") ?? FileSystem.join(home, ".cache")
    let hub =
      nonempty("HF_HUB_CACHE") ?? nonempty("HUGGINGFACE_HUB_CACHE")
      ?? nonempty("HF_HOME").map { FileSystem.join($0, "hub") }
      ?? FileSystem.join(cache, "huggingface/hub")
    huggingFace = Self.expanded(hub, home: home)
    self.others = others.map { Self.expanded($0, home: home) }
    self.home = home
  }

  /// All folders in the order of search.
  public var all: [String] { [own, huggingFace] + others }

  /// A variable of the program's environment.
  public static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  static func expanded(_ path: String, home: String) -> String {
    if path == "~" { return home }
    return path.hasPrefix("~/") ? FileSystem.join(home, String(path.dropFirst(2))) : path
  }
}
