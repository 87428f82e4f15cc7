import Basics
import Testing

struct SplitMix64Tests {
  /// The first numbers of seed 1234567, from the authors' C program (prng.di.unimi.it/splitmix64.c).
  @Test func equalsTheReference() {
    var random = SplitMix64(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
    ]
    #expect(expected.map { _ in random.next() } == expected)
  }

  @Test func uniformStaysBelowOne() {
    var random = SplitMix64(seed: 3)
    let numbers = (0..<100_000).map { _ in random.uniform() }
    #expect(numbers.allSatisfy { (0..<1).contains($0) })
    #expect(abs(numbers.reduce(0, +) / 100_000 - 0.5) < 0.01)
  }
}
