import Generation
import Testing

struct ReuseTests {
  struct Case: Sendable {
    var ledger: [Int32]
    var prompt: [Int32]
    var expected: Reuse
  }

  @Test(arguments: [
    Case(ledger: [], prompt: [1, 2], expected: .none),
    Case(ledger: [1, 2], prompt: [1, 2, 3], expected: .prefix(2)),
    Case(ledger: [1, 2, 3], prompt: [1, 2, 3], expected: .prefix(2)),
    Case(ledger: [1, 2, 3, 4], prompt: [1, 2, 9], expected: .prefix(2)),
    Case(ledger: [5, 2], prompt: [1, 2], expected: .none),
    Case(ledger: [1], prompt: [1], expected: .none),
  ])
  func reusesTheCommonPrefixAndReadsAtLeastOneToken(_ example: Case) {
    #expect(Reuse.decide(ledger: example.ledger, prompt: example.prompt) == example.expected)
  }

  @Test func chunksTakeAboutASecond() {
    var chunking = PrefillChunking()
    chunking.note(tokens: 256, seconds: 4)
    #expect(chunking.size == 256, "never below what keeps products efficient")
    chunking.note(tokens: 256, seconds: 0.5)
    #expect(chunking.size == 512)
    chunking.note(tokens: 512, seconds: 0.001)
    #expect(chunking.size == 1024)
    chunking.note(tokens: 8, seconds: 9)
    #expect(chunking.size == 1024, "a short rest says nothing about speed")
  }
}
