import LocalEngine
import Testing

struct ContextBoundTests {
  @Test(arguments: [
    (0, 8192, true), (16 * 8192, 8192, true), (16 * 8192 + 1, 8192, false),
    // An unknown context, and one that holds everything.
    (Int.max, 0, true), (Int.max, Int.max, true),
  ])
  func mayFit(_ bytes: Int, _ context: Int, _ expected: Bool) {
    #expect(ContextBound.mayFit(bytes: bytes, context: context) == expected)
  }
}
