#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The user's folders for settings, data, state and caches according to the XDG Base Directory Specification: variables
/// without an absolute path are ignored. All files of Sotto are in these folders.
public struct UserFolders: Sendable, Equatable {
  /// The home folder: `HOME`, or else the one in the password database.
  public let home: String
  /// `XDG_CONFIG_HOME`, or `~/.config`.
  public let configuration: String
  /// `XDG_DATA_HOME`, or `~/.local/share`.
  public let data: String
  /// `XDG_STATE_HOME`, or `~/.local/state`.
  public let state: String
  /// `XDG_CACHE_HOME`, or `~/.cache`; on macOS `~/Library/Caches`.
  public let caches: String
  /// `XDG_CACHE_HOME`, or `~/.cache` on every system: programs such as huggingface_hub use it on macOS as well.
  public let dotCache: String

  /// The folders for an environment; they need not exist.
  public init(environment: (String) -> String? = UserFolders.variable) {
    func absolute(_ name: String) -> String? {
      environment(name).flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    let home = absolute("HOME") ?? Self.registeredHome ?? "/"
    self.home = home
    configuration = absolute("XDG_CONFIG_HOME") ?? FileSystem.join(home, ".config")
    data = absolute("XDG_DATA_HOME") ?? FileSystem.join(home, ".local/share")
    state = absolute("XDG_STATE_HOME") ?? FileSystem.join(home, ".local/state")
    dotCache = absolute("XDG_CACHE_HOME") ?? FileSystem.join(home, ".cache")
    #if os(macOS)
      caches = absolute("XDG_CACHE_HOME") ?? FileSystem.join(home, "Library/Caches")
    #else
      caches = dotCache
    #endif
  }

  /// The folders for the variables in a dictionary.
  public init(environment: [String: String]) { self.init { environment[$0] } }

  /// A path with a leading `~` or `~/` replaced by the home folder.
  public func expanding(_ path: String) -> String {
    if path == "~" { return home }
    return path.hasPrefix("~/") ? FileSystem.join(home, String(path.dropFirst(2))) : path
  }

  /// A variable of the process environment.
  public static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  private static var registeredHome: String? {
    guard let entry = getpwuid(getuid()), let folder = entry.pointee.pw_dir else { return nil }
    let path = String(cString: folder)
    return path.hasPrefix("/") ? path : nil
  }
}
