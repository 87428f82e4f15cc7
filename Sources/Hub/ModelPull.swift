import Basics
import Foundation

/// Fetches a model by name into Sotto's folder. Its files appear there when all of them are complete and checked; until
/// then they are in a hidden folder beside, where an interrupted fetch is resumed.
public struct ModelPull: Sendable {
  /// What was fetched.
  public struct Result: Sendable, Equatable {
    /// The path for `Checkpoint.open`.
    public let path: String
    /// The size of the files.
    public let bytes: Int
    /// True if everything was there already.
    public let wasThere: Bool
  }

  /// The GGUF models of a repository, of which one is proposed.
  public struct Proposal: Sendable, Equatable {
    /// A GGUF model.
    public struct Model: Sendable, Equatable {
      /// The name of the file without extension and shard number; as a tag, it chooses this model.
      public let name: String
      /// The size of the files.
      public let bytes: Int
    }

    /// All models in ascending size.
    public let models: [Model]
    /// The position of the one that fits the memory best.
    public let proposed: Int

    init(_ chosen: FileSelection.Variant, _ others: [FileSelection.Variant]) {
      let sorted = ([chosen] + others).sorted { ($0.bytes, $0.name) < ($1.bytes, $1.name) }
      models = sorted.map { Model(name: $0.name, bytes: $0.bytes) }
      proposed = sorted.firstIndex(of: chosen) ?? 0
    }
  }

  let endpoint: HubEndpoint
  /// Sotto's model folder.
  let folder: String
  /// The progress.
  public let progress = PullProgress()
  /// Ends the fetch.
  public let cancellation: PullCancellation

  /// - Parameters:
  ///   - folder: Sotto's model folder.
  ///   - cancellation: ends the fetch.
  public init(endpoint: HubEndpoint, folder: String, cancellation: PullCancellation = PullCancellation()) {
    self.endpoint = endpoint
    self.folder = folder
    self.cancellation = cancellation
  }

  /// Fetches a model. Blocks the thread.
  /// - Parameters:
  ///   - memory: the bytes that the weights may have, to choose among GGUF files.
  ///   - accepts: asked about the GGUF model that was chosen among several; false ends the fetch.
  /// - Throws: `HubError` or `FileError`; what was fetched stays for the next try.
  public func run(
    _ name: HubName, memory: Int, accepts: (Proposal) -> Bool = { _ in true }
  ) throws -> Result {
    switch name {
    case .repository(let repository, let revision, let tag, let file):
      let listing = try listing(repository, revision)
      let selection = try FileSelection(listing, tag: tag, file: file, memory: memory)
      if let chosen = selection.chosen, !selection.others.isEmpty {
        guard accepts(Proposal(chosen, selection.others)) else {
          throw HubError("\(repository): nothing was fetched; choose a file with \(repository):TAG or --file")
        }
      }
      return try fetch(
        selection.files, into: FileSystem.join(folder, repository), key: repository,
        origin: ["repository": .string(repository), "revision": .string(listing.revision)],
        isFolder: selection.chosen == nil)
    case .address(let url):
      let path = url.prefix { $0 != "?" && $0 != "#" }
      let file = HubFile(name: FileSystem.lastComponent(String(path)), bytes: nil, digest: nil, url: url)
      let host = HubEndpoint.host(of: url).map { $0 == ":" ? "_" : String($0) }.joined()
      return try fetch(
        [file], into: FileSystem.join(folder, host), key: url, origin: ["address": .string(url)],
        isFolder: false)
    }
  }

  private func listing(_ repository: String, _ revision: String) throws -> HubListing {
    let url =
      "\(endpoint.url)/api/models/\(repository)/revision/\(HubListing.escaped(revision))?blobs=true"
    let body = try text(of: url, what: repository)
    guard let json = try? JSON(parsing: body) else {
      throw HubError("\(repository): \(endpoint.host) does not answer with JSON; check HF_ENDPOINT")
    }
    return try HubListing(json, repository: repository, revision: revision, endpoint: endpoint.url)
  }

  /// The body of a small answer, at most 32 MB.
  private func text(of url: String, what: String) throws -> [UInt8] {
    let session = try HubSession()
    var tries = 0
    while true {
      var body: [UInt8] = []
      let (outcome, response) = session.get(
        url, token: endpoint.token, stallSeconds: endpoint.stallSeconds, cancellation: cancellation
      ) { _, bytes in
        body += bytes
        return body.count < 32 << 20
      }
      if outcome == .complete, 200..<300 ~= response.status { return body }
      try HubRetry.wait(
        outcome, response, progressed: false, tries: &tries, limit: 3, what: what, url: url,
        hasToken: endpoint.token != nil, progress: progress, cancellation: cancellation)
    }
  }

  private func fetch(
    _ files: [HubFile], into target: String, key: String, origin: JSON, isFolder: Bool
  ) throws -> Result {
    let staging = FileSystem.join(folder, ".pulling/" + XXHash64.hash(key).hexadecimal)
    try FileSystem.makeFolder(staging)
    let lock = try PullLock(staging)
    defer { lock.release() }
    let sized = try files.map { try withSize($0) }
    let names = sized.map(\.file.storedName)
    let path = isFolder ? target : FileSystem.join(target, names[0])
    let total = sumOfSizes(sized.map(\.bytes))
    var record = PullRecord(reading: target)
    // Of another revision, only the files that changed.
    let missing = sized.filter { file, bytes in
      record.files[file.storedName] != file.identity(bytes)
        || FileSystem.size(FileSystem.join(target, file.storedName)).bytes != bytes
    }
    if missing.isEmpty { return Result(path: path, bytes: total, wasThere: true) }
    let partials = try openPartials(missing, staging, total)
    for (file, partial) in zip(missing.map(\.file), partials) {
      try FileDownload(
        file: file, partial: partial, endpoint: endpoint, progress: progress, cancellation: cancellation
      ).run()
    }
    for (file, partial) in zip(missing.map(\.file), partials) {
      progress.update { $0.note = "checking \(file.storedName)" }
      guard try file.digest?.matches(partial.path) ?? true else {
        partial.restart()
        throw HubError(
          "\(file.name): the checksum differs from the hub's, so the file was discarded; run the command again"
        )
      }
    }
    try FileSystem.makeFolder(target)
    // Weights last: a folder with config.json only is not listed as a model.
    for ((file, bytes), partial) in zip(missing, partials).sorted(by: { $0.0.bytes < $1.0.bytes }) {
      let place = FileSystem.join(target, file.storedName)
      guard rename(partial.path, place) == 0 else { throw FileError.writing(errno, place) }
      partial.finish()
      record.files[file.storedName] = file.identity(bytes)
    }
    try record.write(to: target, origin)
    // Parts of earlier revisions of these files are of no use any more; those of other files of the repository stay.
    for part in FileSystem.names(in: staging) {
      let name = part.dropFirst(HubFile.partialPrefix).dropLast(5)
      if names.contains(String(name)) { unlink(FileSystem.join(staging, part)) }
    }
    unlink(FileSystem.join(staging, "lock"))
    rmdir(staging)
    return Result(path: path, bytes: total, wasThere: false)
  }

  /// The partial files; checks that the disk has space for what they lack.
  /// - Parameter total: the bytes of all files, with those that are in place.
  private func openPartials(
    _ files: [(file: HubFile, bytes: Int)], _ staging: String, _ total: Int
  ) throws -> [PartialFile] {
    let bytes = sumOfSizes(files.map(\.bytes))
    let needed =
      bytes
      - files.reduce(0) { sum, file in
        // Sparse files: their blocks tell what they have, at least roughly.
        var status = stat()
        let path = FileSystem.join(staging, file.file.partialName(file.bytes) + ".part")
        return sum + (stat(path, &status) == 0 ? min(Int(status.st_blocks) * 512, file.bytes) : 0)
      }
    let free = SuggestedModel.freeBytes(at: staging)
    guard needed <= free else {
      throw HubError(
        "\(folder): the disk has \(byteCount(free)) free, but the download needs \(byteCount(needed)); free some space"
      )
    }
    let partials = try files.map {
      try PartialFile(folder: staging, name: $0.file.partialName($0.bytes), bytes: $0.bytes)
    }
    progress.update {
      $0 = PullProgress.Report(done: partials.reduce(total - bytes) { $0 + $1.doneBytes }, total: total)
    }
    return partials
  }

  /// A file with its size, which the host is asked for if the hub does not say.
  private func withSize(_ file: HubFile) throws -> (file: HubFile, bytes: Int) {
    if let bytes = file.bytes { return (file, bytes) }
    let session = try HubSession()
    var tries = 0
    while true {
      let (outcome, response) = session.get(
        file.url, token: endpoint.token(for: file.url), range: "0-0", stallSeconds: endpoint.stallSeconds,
        cancellation: cancellation
      ) { response, _ in response.status >= 300 }
      if response.status == 206, let range = response.headers["content-range"],
        let total = range.split(separator: "/").last.flatMap({ Int($0) }), total > 0
      {
        return (file, total)
      }
      if response.status == 200, let total = response.headers["content-length"].flatMap({ Int($0) }),
        total > 0
      {
        return (file, total)
      }
      guard response.status >= 300 || response.status == 0 else {
        throw HubError(
          "\(file.name): the host does not tell the size of the file; download it with another program")
      }
      try HubRetry.wait(
        outcome, response, progressed: false, tries: &tries, what: file.name, url: file.url,
        hasToken: endpoint.token(for: file.url) != nil, progress: progress, cancellation: cancellation)
    }
  }
}

extension HubFile {
  /// What identifies the content of a fetched file in the record.
  fileprivate func identity(_ bytes: Int) -> String {
    switch digest {
    case .sha256(let sum): "sha256:\(sum)"
    case .gitBlob(let sum): "git:\(sum)"
    case nil: "bytes:\(bytes)"
    }
  }

  fileprivate static let partialPrefix = 9

  /// The name while it is incomplete. Another content has another name, so that parts of different revisions do not mix.
  fileprivate func partialName(_ bytes: Int) -> String {
    String(XXHash64.hash(identity(bytes)).hexadecimal.prefix(Self.partialPrefix - 1)) + "-" + storedName
  }
}
