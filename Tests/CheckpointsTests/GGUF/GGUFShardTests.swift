import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct GGUFShardTests {
  @Test(arguments: 1...3) func anyShardOpensTheModel(shard: Int) throws {
    let checkpoint = try Checkpoint.open(Fixture.path("gguf/split/model-0000\(shard)-of-00003.gguf"))
    #expect(checkpoint.name == "model")
    #expect(checkpoint.path.hasSuffix("model-00001-of-00003.gguf"))
    #expect(checkpoint.names == (0..<5).map { "blk.\($0).weight" })
    #expect(try checkpoint.gguf?.string("general.name") == "Split")
    for index in 0..<5 {
      let values = try checkpoint.weight("blk.\(index)").values.array
      #expect(values.withUnsafeBytes { $0.loadUnaligned(as: Float.self) } == Float(index))
    }
  }

  @Test func aFolderWithOneShardedModelOpensIt() throws {
    #expect(try Checkpoint.open(Fixture.path("gguf/split")).names.count == 5)
  }

  @Test func aMissingShardIsReported() throws {
    let folder = try TemporaryFolder()
    for shard in [1, 3] {
      let name = "model-0000\(shard)-of-00003.gguf"
      try folder.copy("gguf/split/\(name)", to: name)
    }
    let error = #expect(throws: FileError.self) { try Checkpoint.open(folder.path) }
    #expect(error?.kind == .incomplete)
    #expect(error?.file.hasSuffix("model-00002-of-00003.gguf") == true)
  }

  @Test func aRenamedShardIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.copy("gguf/split/model-00002-of-00003.gguf", to: "renamed.gguf")
    let error = #expect(throws: FileError.self) { try Checkpoint.open(path) }
    #expect(error?.kind == .incomplete)
    try folder.copy("gguf/split/model-00002-of-00003.gguf", to: "m-00001-of-00003.gguf")
    #expect(throws: FileError.self) { try Checkpoint.open(folder.path + "/m-00001-of-00003.gguf") }
  }
}
