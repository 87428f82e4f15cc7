import Conversation
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct TurnStatisticsTests {
  /// Statistics without the field `reuse` of earlier versions.
  @Test func olderStatisticsAreRead() throws {
    let text = #"{"promptTokens": 41, "reusedTokens": 20, "generatedTokens": 3, "contextUsed": 44}"#
    let statistics = try JSONDecoder().decode(TurnStatistics.self, from: Data(text.utf8))
    #expect(
      statistics
        == TurnStatistics(promptTokens: 41, reusedTokens: 20, generatedTokens: 3, contextUsed: 44))
  }

  @Test(arguments: ReuseKind.allCases)
  func isDecodedAsEncoded(_ reuse: ReuseKind) throws {
    let statistics = TurnStatistics(promptTokens: 41, timeToFirstToken: 0.25, missReason: "x", reuse: reuse)
    let data = try JSONEncoder().encode(statistics)
    #expect(try JSONDecoder().decode(TurnStatistics.self, from: data) == statistics)
  }
}
