import Basics
import Dispatch
import Foundation
import Synchronization

/// The properties of known models, kept in a file so that unchanged models need not be opened to be listed.
///
/// An entry is valid for a path as long as the sizes and modification times of its files are the same, and as long as the
/// program is: a later version may run more models. A damaged index counts as empty, and it need not be writable.
struct ModelIndex {
  private var known: [String: (stamp: String, properties: ModelEntry.Properties)] = [:]

  /// An empty index.
  init() {}

  /// Reads an index; empty if there is none for this version of the program.
  init(reading path: String) {
    guard FileSystem.isFile(path), let file = try? MappedFile(path),
      let json = try? JSON(parsing: file.bytes),
      json["program"]?.asString == Self.program, let models = json["models"]?.asObject
    else { return }
    for (path, model) in models {
      guard let stamp = model["stamp"]?.asString, let properties = ModelEntry.Properties(model) else {
        continue
      }
      known[path] = (stamp, properties)
    }
  }

  /// The entries of the candidates, in order; and the new index if it differs from this one. The files of unknown
  /// models are read with all cores.
  func entries(
    _ candidates: [ModelCandidate], _ problem: @escaping @Sendable (CheckpointSummary) -> String?
  ) -> (entries: [ModelEntry], updated: ModelIndex?) {
    var updated = ModelIndex()
    var unknown: [(index: Int, stamp: String)] = []
    var properties = [ModelEntry.Properties?](repeating: nil, count: candidates.count)
    let stamps = Self.concurrently(candidates, chunk: 64) { ModelFingerprint.stamp($0.files) }
    for (index, (candidate, stamp)) in zip(candidates, stamps).enumerated() {
      if let entry = known[candidate.path], entry.stamp == stamp {
        updated.known[candidate.path] = entry
        properties[index] = entry.properties
      } else {
        unknown.append((index, stamp))
      }
    }
    let vocabularies = VocabularyLengths()
    let read = Self.concurrently(unknown.map { candidates[$0.index].path }, chunk: 1) {
      ModelEntry.Properties(reading: $0, vocabularies, problem)
    }
    for ((index, stamp), result) in zip(unknown, read) {
      properties[index] = result
      updated.known[candidates[index].path] = (stamp, result)
    }
    let entries = zip(candidates, properties).compactMap { candidate, properties in
      properties.map { ModelEntry(candidate, $0) }
    }
    return (entries, unknown.isEmpty && updated.known.count == known.count ? nil : updated)
  }

  /// The results for the values in order, computed with all cores in chunks of this many values.
  private static func concurrently<Value: Sendable, Result: Sendable>(
    _ values: [Value], chunk: Int, _ body: @Sendable (Value) -> Result
  ) -> [Result] {
    let chunks = (values.count + chunk - 1) / chunk
    let results = Mutex([[Result]](repeating: [], count: chunks))
    DispatchQueue.concurrentPerform(iterations: chunks) { index in
      let part = values[(index * chunk)..<min(values.count, (index + 1) * chunk)].map(body)
      results.withLock { $0[index] = part }
    }
    return results.withLock { $0.flatMap(\.self) }
  }

  /// Writes the index. A failure only costs time at the next listing, so it is not reported.
  func write(to path: String) {
    var models = JSONObject()
    for (path, entry) in known.sorted(by: { $0.key < $1.key }) {
      guard var model = entry.properties.json.asObject else { continue }
      model["stamp"] = .string(entry.stamp)
      models[path] = .object(model)
    }
    let json: JSON = ["program": .string(Self.program), "models": .object(models)]
    try? FileSystem.makeFolder(FileSystem.folder(of: path))
    try? WholeFileWriter.write(json.text(), to: path, permissions: 0o600)
  }

  /// Identifies the version of the program by its file.
  private static let program: String = {
    let file = FileSystem.isFile("/proc/self/exe") ? "/proc/self/exe" : CommandLine.arguments.first ?? ""
    let (bytes, modified) = FileSystem.size(file)
    return "2 \(bytes) \(modified)"
  }()
}
