/// How a product of many rows is divided among the blocks of linear_groups.cu, one for each multiprocessor. A tile has 192
/// outputs and up to `rows` rows; of an expert's rows, as many tiles as hold them have equal shares.
package struct GroupPlan {
  /// The most rows of a tile.
  package let rows: Int

  /// Threads of a block.
  static let threads = 512
  /// Dynamic shared memory: eight stages of 128 rows of 128 bytes, and what their alignment takes.
  static let sharedBytes = 8 * 128 * 128 + 1024
  private static let tileOutputs = 192
  /// The sizes of tiles that the kernel multiplies; others are rounded up.
  private static let sizes = [32, 64, 72, 80, 96, 112, 128]
  /// What a tile costs beside its rows, in rows: the expansion of its weights. Measured.
  private static let fixedCost = 135

  /// - Parameters:
  ///   - isSorted: whether the rows are entries of a mixture, whose numbers for each expert are unknown.
  ///   - outputs: of each layer.
  ///   - blocks: that run at once.
  package init(rows: Int, isSorted: Bool, outputs: [Int], blocks: Int) {
    guard !isSorted else {
      self.rows = Self.sizes.last ?? 128
      return
    }
    let outputTiles = outputs.reduce(0) { $0 + ($1 + Self.tileOutputs - 1) / Self.tileOutputs }
    var best = (cost: Int.max, rows: 128)
    for size in Self.sizes {
      let tiles = (rows + size - 1) / size, share = ((rows + tiles - 1) / tiles + 7) / 8 * 8
      let multiplied = Self.sizes.first { $0 >= share } ?? size
      let rounds = (tiles * outputTiles + blocks - 1) / max(blocks, 1)
      let cost = rounds * (multiplied + Self.fixedCost)
      if cost < best.cost { best = (cost, size) }
    }
    self.rows = best.rows
  }

  /// Bytes of the inputs: half steps of 64 columns, and what the copy of the last tile reads behind them.
  package static func inputBytes(places: Int, columns: Int) -> Int {
    (columns + 127) / 128 * 2 * places * 128 + 128 * 128
  }
}
