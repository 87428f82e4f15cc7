import Compute
import Models
import Testing

/// Factors on queries by position.
struct PositionScaleTests {
  @Test func factorsGrowInSteps() {
    let backend = CPUBackend(precision: .exact, threads: 1)
    let ones = backend.tensor([1, 1, 1, 1, 1, 1, 1, 1], columns: 2)
    let plain = PositionScale(beta: 0.1, length: 10)
    // ln 2 = 0.693147, ln 3 = 1.098612.
    let grown = backend.values(plain(ones, positions: [0, 9, 10, 25], on: backend))
    let expected: [Float] = [1, 1, 1, 1, 1.0693147, 1.0693147, 1.1098612, 1.1098612]
    #expect(zip(grown, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    let shifted = PositionScale(beta: 0.1, length: 10, offset: 1)
    #expect(abs(backend.values(shifted(ones, positions: [0, 8, 9, 10], on: backend))[4] - 1.0693147) < 1e-6)
  }
}
