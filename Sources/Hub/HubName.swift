/// What `sotto pull NAME` refers to.
public enum HubName: Equatable, Sendable {
  /// A repository of the hub: "owner/repo", with a revision, and a tag or a file that chooses among GGUF files.
  case repository(String, revision: String, tag: String?, file: String?)
  /// A GGUF file at an address outside of the hub.
  case address(String)

  /// Parses "owner/repo", "owner/repo:TAG", "hf.co/owner/repo:TAG", "https://huggingface.co/owner/repo", the address of a
  /// file in such a repository, or another http or https address of a GGUF file.
  /// - Throws: `HubError` for other texts.
  public init(_ text: String, file: String? = nil) throws(HubError) {
    var rest = text
    let isAddress = text.hasPrefix("https://") || text.hasPrefix("http://")
    if isAddress { rest = String(text.dropFirst(text.hasPrefix("https://") ? 8 : 7)) }
    let hosts = ["hf.co/", "huggingface.co/", "www.huggingface.co/"]
    if let host = hosts.first(where: { rest.hasPrefix($0) }) {
      rest = String(rest.dropFirst(host.count))
    } else if isAddress {
      let path = rest.prefix { $0 != "?" && $0 != "#" }
      guard path.split(separator: "/").count > 1, path.hasSuffix(".gguf") else {
        throw HubError("\(text): not the address of a .gguf file; give one, or a repository as owner/repo")
      }
      self = .address(text)
      return
    }
    var tag: String?
    if let colon = rest.firstIndex(of: ":") {
      tag = String(rest[rest.index(after: colon)...])
      rest = String(rest[..<colon])
    }
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let isFile = parts.count > 4 && ["blob", "resolve"].contains(parts[2]) && Self.isName(parts[3])
    guard parts.count == 2 || isFile, parts.prefix(2).allSatisfy(Self.isName), tag != "" else {
      throw HubError(
        "\(text): not a model's name; give owner/repo, such as HuggingFaceTB/SmolLM2-135M-Instruct, or an https address"
      )
    }
    self = .repository(
      parts[0] + "/" + parts[1], revision: isFile ? parts[3] : "main", tag: tag,
      file: isFile ? parts[4...].joined(separator: "/") : file)
  }

  /// The characters that the hub allows in names.
  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && !text.hasPrefix(".") && text.utf8.count <= 96
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789-._".unicodeScalars.contains($0))
      }
  }
}
