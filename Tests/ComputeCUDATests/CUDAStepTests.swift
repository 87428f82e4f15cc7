import ComputeCUDA
import Testing

/// When a recorded step can be repeated.
struct CUDAStepTests {
  struct Case {
    let recorded: [Int]
    let now: [Int]
    let advance: Int32?
  }

  @Test(arguments: [
    Case(recorded: [20, 20], now: [21, 21], advance: 1),
    Case(recorded: [20, 9], now: [45, 34], advance: 25),
    Case(recorded: [20], now: [20], advance: 0),
    // One of two sequences has computed alone meanwhile.
    Case(recorded: [20, 9], now: [70, 34], advance: nil),
    // Truncated to before the record, as after rejected proposals.
    Case(recorded: [20, 20], now: [18, 18], advance: nil),
    Case(recorded: [20, 9], now: [21], advance: nil),
    Case(recorded: [], now: [], advance: nil),
  ])
  func advances(_ example: Case) {
    #expect(CUDAStep.advance(from: example.recorded, to: example.now) == example.advance)
  }
}
