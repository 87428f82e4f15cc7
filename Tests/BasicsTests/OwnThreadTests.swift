import Basics
import Testing

struct OwnThreadTests {
  /// A recursion that needs several megabytes of stack, more than the threads of the cooperative pool have on macOS.
  @Test func runsOnAThreadWithALargeStack() async {
    @Sendable func depth(_ remaining: Int) -> Int { remaining == 0 ? 0 : 1 + depth(remaining - 1) }
    #expect(await OwnThread.run { depth(20_000) } == 20_000)
  }

  @Test func rethrowsErrors() async {
    await #expect(throws: FileError.self) {
      try await OwnThread.run { () throws(FileError) -> Int in throw FileError(.notFound, file: "x", "y") }
    }
  }
}
