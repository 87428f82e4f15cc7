import Basics
import Foundation
import TestSupport
import Testing

struct AbandonedFilesTests {
  @Test(
    arguments: [
      ("out.12.partial", 12), ("out.12-3.partial", 12), ("out.partial", nil), ("out.x.partial", nil),
      ("out.12-.partial", nil), ("out.12-3-4.partial", nil), ("other.12.partial", nil), ("out.12.part", nil),
      ("out.-5.partial", nil), ("out.0.partial", nil), ("out.99999999999.partial", nil),
    ] as [(String, Int?)])
  func writersAreRecognised(_ name: String, _ process: Int?) {
    #expect(AbandonedFiles.writer(of: name, target: "out").map(Int.init) == process)
  }

  /// A process that has ended, so that its id is free.
  private func endedProcess() throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    return process.processIdentifier
  }

  @Test func onlyLeftoversOfEndedProcessesAreRemoved() throws {
    let folder = try TemporaryFolder()
    let (ended, running) = (try endedProcess(), getpid())
    try folder.write("out.\(ended).partial/model.safetensors", "x")
    try folder.write("out.\(ended)-2.partial", "x")
    let kept = [
      "other.\(ended).partial", "out", "out.\(running).partial", "out.\(running)-1.partial", "out.txt",
    ]
    for name in kept { try folder.write(name, "x") }
    AbandonedFiles.remove(beside: folder.path + "/out")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == kept.sorted())
    AbandonedFiles.remove(beside: folder.path + "/nowhere/out")
  }
}
