import Foundation
import Models
import Testing

/// The decays of lightning attention.
struct LightningAttentionTests {
  /// The published slopes of ALiBi (arXiv:2108.12409): 2^-1 to 2^-8 for 8 heads, and for 12 the first of those for 16.
  @Test func slopesAreThoseOfALiBi() {
    let eight = (1...8).map { pow(2, -Double($0)) }
    let more = [0.5, 1.5, 2.5, 3.5].map { pow(2, -$0) }
    let cases: [(heads: Int, slopes: [Double])] = [(8, eight), (12, eight + more), (1, [pow(2, -8)])]
    for (heads, expected) in cases {
      let ours = LightningAttention.slopes(heads: heads)
      #expect(ours.count == expected.count)
      #expect(zip(ours, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }
  }
}
