import Basics

/// A file of a repository.
package struct HubFile: Equatable, Sendable {
  /// The path in the repository.
  package let name: String
  /// The size in bytes; nil if the hub does not say.
  package let bytes: Int?
  /// The checksum; nil if the hub states none.
  package let digest: HubDigest?
  /// The address.
  package let url: String

  /// The name without folders: where the file is stored.
  var storedName: String { FileSystem.lastComponent(name) }
}

/// The files of a repository at one revision, as the hub's API lists them.
package struct HubListing {
  /// "owner/repo".
  package let repository: String
  /// The commit.
  package let revision: String
  package let files: [HubFile]

  /// Parses the answer of `/api/models/REPOSITORY/revision/REVISION?blobs=true`. Names with path traversal are skipped.
  package init(_ json: JSON, repository: String, revision: String, endpoint: String) throws(HubError) {
    guard let siblings = json["siblings"]?.asArray else {
      throw HubError("\(repository): the hub's answer has no list of files; check HF_ENDPOINT")
    }
    let commit = json["sha"]?.asString.flatMap { FileSystem.isPlainName($0) ? $0 : nil } ?? revision
    self.repository = repository
    self.revision = commit
    files = siblings.compactMap { entry in
      guard let name = entry["rfilename"]?.asString, !name.hasPrefix("/"),
        name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy({
          FileSystem.isPlainName(String($0)) && !$0.hasPrefix(".")
        })
      else { return nil }
      let size = (entry["lfs"]?["size"] ?? entry["size"])?.asInteger
      let digest: HubDigest? =
        entry["lfs"]?["sha256"]?.asString.map { .sha256($0) }
        ?? entry["blobId"]?.asString.map { .gitBlob($0) }
      return HubFile(
        name: name, bytes: size.flatMap { $0 >= 0 ? $0 : nil }, digest: digest,
        url: "\(endpoint)/\(repository)/resolve/\(Self.escaped(commit))/\(Self.escaped(name))")
    }
  }

  /// A path with all but unreserved characters escaped (RFC 3986).
  static func escaped(_ path: String) -> String {
    path.utf8.map { byte in
      let scalar = UnicodeScalar(byte)
      let isPlain =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || "0123456789-._~/".unicodeScalars.contains(scalar))
      if isPlain { return String(Character(scalar)) }
      return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }
}
