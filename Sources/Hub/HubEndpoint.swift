import Basics

/// The hub to fetch from and the user's access to it, from the environment variables of Hugging Face's own programs.
public struct HubEndpoint: Sendable {
  /// `HF_ENDPOINT`, or https://huggingface.co; without a slash at the end.
  let url: String
  /// `HF_TOKEN`, or the content of the token file of `HF_TOKEN_PATH` or `HF_HOME`; nil for none.
  let token: String?
  /// The seconds without data after which a transfer counts as stalled: `HF_HUB_DOWNLOAD_TIMEOUT`, or 30.
  let stallSeconds: Int

  /// Reads the environment and the token file.
  /// - Throws: `HubError` for an address that is not http or https.
  public init(environment: (String) -> String? = UserFolders.variable) throws(HubError) {
    func nonempty(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    var url = nonempty("HF_ENDPOINT") ?? "https://huggingface.co"
    while url.hasSuffix("/") { url.removeLast() }
    guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
      throw HubError("HF_ENDPOINT is \"\(url)\", which is not an http or https address; correct or unset it")
    }
    self.url = url
    let folders = UserFolders(environment: environment)
    let home = nonempty("HF_HOME") ?? FileSystem.join(folders.dotCache, "huggingface")
    let file = folders.expanding(nonempty("HF_TOKEN_PATH") ?? FileSystem.join(home, "token"))
    token = Self.token(nonempty("HF_TOKEN") ?? Self.text(file))
    stallSeconds = nonempty("HF_HUB_DOWNLOAD_TIMEOUT").flatMap { Int($0) }.map { min(max($0, 1), 3600) } ?? 30
  }

  /// The host, for messages.
  public var host: String { Self.host(of: url) }

  /// The token for an address: other hosts do not get it.
  func token(for url: String) -> String? { url.hasPrefix(self.url + "/") ? token : nil }

  /// The host and port of an address.
  static func host(of url: String) -> String {
    url.split(separator: "/").dropFirst().first.map(String.init) ?? url
  }

  /// A token without white space; nil if it is not one line of visible ASCII characters.
  private static func token(_ text: String?) -> String? {
    let words = (text ?? "").split(whereSeparator: \.isWhitespace)
    guard words.count == 1, words[0].utf8.allSatisfy({ 33...126 ~= $0 }) else { return nil }
    return String(words[0])
  }

  private static func text(_ path: String) -> String? {
    guard FileSystem.isFile(path), let file = try? MappedFile(path), file.count < 4096 else { return nil }
    return file.bytes.text
  }
}
