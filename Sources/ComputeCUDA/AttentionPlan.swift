/// How the pages of a call are divided among blocks of threads. It follows from lengths alone, since it determines the order
/// of sums.
package struct AttentionPlan: Equatable {
  /// The number of ranges of pages.
  package let splits: Int
  /// Pages of a range.
  package let pages: Int

  /// - Parameters:
  ///   - pages: the most pages that a row sees.
  ///   - blocks: blocks of threads without a division.
  package init(pages: Int, blocks: Int) {
    let pages = Self.rounded(pages)
    // A second kernel for the sum takes as long as two or three pages.
    let wanted = pages <= 3 ? 1 : max(1, min(32, Self.enoughBlocks / max(blocks, 1)))
    let size = max(1, (pages + wanted - 1) / wanted)
    self.pages = size
    splits = max(1, (pages + size - 1) / size)
  }

  /// The division for attention_step.cu, whose blocks have several warps with a page each at a time.
  /// - Parameters:
  ///   - pages: the most pages that a row sees.
  ///   - blocks: blocks of threads without a division, of which a multiprocessor has one.
  ///   - warps: of a block.
  package init(stepPages pages: Int, blocks: Int, warps: Int) {
    let pages = Self.rounded(pages)
    // To add up the ranges takes longer than a second page of each warp.
    let wanted = pages <= 2 * warps ? 1 : max(1, min(32, Self.enoughStepBlocks / max(blocks, 1)))
    self.pages = (pages + warps * wanted - 1) / (warps * wanted) * warps
    splits = max(1, (pages + self.pages - 1) / self.pages)
  }

  /// The number of pages that a plan is made for: up to a quarter more, so that few steps of decoding change the plan.
  package static func rounded(_ pages: Int) -> Int {
    guard pages > 3 else { return 3 }
    let quarter = 1 << (Int.bitWidth - 3 - pages.leadingZeroBitCount)
    return (pages + quarter - 1) / quarter * quarter
  }

  /// About two for each multiprocessor of a large device.
  private static let enoughBlocks = 256
  /// About one for each multiprocessor of a large device.
  private static let enoughStepBlocks = 128
}
