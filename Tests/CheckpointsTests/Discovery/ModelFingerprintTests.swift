import Checkpoints
import Foundation
import Testing

/// The key of a model changes with its files.
struct ModelFingerprintTests {
  /// Calls `body` with a folder that is removed afterwards.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "/sotto-state-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func write(_ text: String, _ path: String, at time: Double = 1000) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: time)], ofItemAtPath: path)
  }

  @Test func aModifiedFileChangesTheKey() throws {
    try withFolder { folder in
      let path = folder + "/model.gguf"
      try write("one", path)
      let key = ModelFingerprint.key(path)
      #expect(ModelFingerprint.key(path) == key)
      #expect(key.hasPrefix(path + "\t3\t"))
      try write("two", path, at: 1001)
      #expect(ModelFingerprint.key(path) != key)
      try write("three", path)
      #expect(ModelFingerprint.key(path) != key)
    }
  }

  @Test func linksAreFollowed() throws {
    try withFolder { folder in
      let (first, second) = (folder + "/first", folder + "/later")
      try write("one", first)
      try write("other", second)
      let snapshot = folder + "/snapshot"
      try FileManager.default.createDirectory(atPath: snapshot, withIntermediateDirectories: true)
      for link in [folder + "/model.gguf", snapshot + "/model.safetensors"] {
        let model = link.hasSuffix("gguf") ? link : snapshot
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: first)
        let key = ModelFingerprint.key(model)
        try write("one", first, at: 2000)
        #expect(ModelFingerprint.key(model) != key, "the target of the link changed")
        try write("one", first)
        #expect(ModelFingerprint.key(model) == key)
      }
    }
  }

  @Test func everyShardAffectsTheKey() throws {
    try withFolder { folder in
      let parts = ["a-00001-of-00002.gguf", "a-00002-of-00002.gguf"].map { folder + "/" + $0 }
      for part in parts { try write("part", part) }
      let key = ModelFingerprint.key(parts[0])
      try write("part", folder + "/b-00002-of-00002.gguf", at: 1)
      #expect(ModelFingerprint.key(parts[0]) == key)
      // Older than the other shard and of the same size: neither the total size nor the latest time changes.
      try write("trap", parts[1], at: 999)
      #expect(ModelFingerprint.key(parts[0]) != key)
    }
  }
}
