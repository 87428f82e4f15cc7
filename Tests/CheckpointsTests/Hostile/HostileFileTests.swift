import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

/// Over 20,000 damaged files: each opens, or throws an error with the file and advice. A crash ends the test process, a
/// hang exceeds the time limit, and the memory use is checked.
@Suite(.serialized, .timeLimit(.minutes(20))) struct HostileFileTests {
  /// The outcomes of a series of mutations. Both must occur, otherwise the test is not effective.
  struct Tally {
    var opened = 0
    var refused = 0
  }

  private static let maxMemory = 256 << 20

  @Test(arguments: [
    ("gguf/version3.gguf", 5500, 8000), ("gguf/aligned.gguf", 5500, 4000), ("gguf/version2.gguf", 5500, 2000),
  ])
  func gguf(fixture: String, headerSize: Int, count: Int) throws {
    let original = try Fixture.bytes(fixture)
    let folder = try TemporaryFolder()
    var mutator = Mutator(seed: UInt64(count), headerSize: headerSize)
    var tally = Tally()
    let before = peakMemory()
    for _ in 0..<count {
      let path = try folder.write("x.gguf", mutator.mutated(original))
      check(path, within: folder.path, &tally)
    }
    #expect(tally.opened > count / 50)
    #expect(tally.refused > count / 10)
    #expect(peakMemory() - before < Self.maxMemory)
  }

  @Test(arguments: [
    ("safetensors/plain", "model.safetensors", 1000), ("safetensors/mlx", "model.safetensors", 1500),
    ("safetensors/gpt-oss", "model.safetensors", 500), ("safetensors/mlx", "config.json", 1000),
    ("safetensors/sharded", "model.safetensors.index.json", 500),
  ])
  func safetensors(fixture: String, file: String, count: Int) throws {
    let original = try Fixture.bytes(fixture + "/" + file)
    let folder = try TemporaryFolder()
    try folder.copy(fixture, to: "model")
    var mutator = Mutator(seed: UInt64(count) + 1, headerSize: 3000)
    var tally = Tally()
    let before = peakMemory()
    for _ in 0..<count {
      try folder.write("model/" + file, mutator.mutated(original))
      check(folder.path + "/model", within: folder.path, &tally)
    }
    #expect(tally.opened > 0)
    #expect(tally.refused > count / 10)
    #expect(peakMemory() - before < Self.maxMemory)
  }

  @Test func json() throws {
    let originals = try [
      Fixture.path("safetensors/mlx/config.json"),
      Repository.fixtures("BasicsTests").appending(path: "json/styles.json").path,
    ].map {
      try MappedFile($0).bytes.array
    }
    var mutator = Mutator(seed: 5, headerSize: 100_000)
    var tally = Tally()
    let before = peakMemory()
    for round in 0..<4000 {
      let bytes = mutator.mutated(originals[round % 2])
      do {
        let value = try JSON(parsing: bytes)
        tally.opened += 1
        // A parsed value can be written and parsed again without a change.
        let text = value.text()
        if try JSON(parsing: text).text() != text { Issue.record("\(text) changed") }
      } catch {
        tally.refused += 1
        guard case .syntax(_, let line, let column, let offset) = error else {
          Issue.record("\(error)")
          continue
        }
        if line < 1 || column < 1 || !(0...bytes.count ~= offset) { Issue.record("\(error)") }
      }
    }
    #expect(tally.opened > 100)
    #expect(tally.refused > 1000)
    #expect(peakMemory() - before < Self.maxMemory)
  }

  /// Opens a model and reads all of its weights and metadata.
  private func check(_ path: String, within folder: String, _ tally: inout Tally) {
    do {
      let checkpoint = try Checkpoint.open(path)
      tally.opened += 1
      _ = (checkpoint.quantizationLabel, checkpoint.parameters, checkpoint.architecture)
      for name in checkpoint.names {
        do {
          let weight = try checkpoint.weight(name)
          touch(weight.values)
          weight.scales.map(touch)
          weight.biases.map(touch)
        } catch { check(error, within: folder) }
      }
      if let metadata = checkpoint.gguf { read(metadata, within: folder) }
    } catch {
      tally.refused += 1
      check(error, within: folder)
    }
  }

  private func read(_ metadata: GGUFMetadata, within folder: String) {
    for key in metadata.keys {
      do {
        switch metadata[key] {
        case .string?: _ = try metadata.string(key)
        case .strings(let strings)?:
          if strings.strings().count != strings.count { Issue.record("\(key) lost strings") }
        case .numbers(let numbers)?: _ = (numbers.integers(), numbers.floats())
        default: _ = try? metadata.integer(key)
        }
      } catch { check(error, within: folder) }
    }
  }

  private func check(_ error: FileError, within folder: String) {
    let line = error.description
    // Plain conditions, because `#expect` would take most of the time.
    if !error.file.hasPrefix(folder) || error.problem.isEmpty || error.advice.isEmpty
      || line.utf8.count > 20_000 || line.utf8.contains(where: { $0 < 0x20 })
    {
      Issue.record("not a useful error: \(line)")
    }
  }

  /// Reads the first and the last byte, which must be mapped.
  private func touch(_ bytes: Bytes) {
    if bytes.withUnsafeBytes({ Int($0.first ?? 0) + Int($0.last ?? 0) }) < 0 { Issue.record("impossible") }
  }
}
