/// How a product of up to 32 rows is divided; see linear_panels.cu. Pure, so that it is tested without a device.
package struct PanelPlan: Equatable {
  /// Rows of a panel.
  package let rows: Int
  /// Outputs of a tile.
  package let tileOutputs: Int
  /// Parts that the columns are divided into.
  package let parts: Int

  /// The most rows that these products take.
  package static let mostRows = 32
  /// As in the kernel: columns of a panel and what a row of it takes, panels of the ring, and what the sums of a warp take.
  private static let panelColumns = 256, rowBytes = 608, warps = 15, sumBytes = 80
  package static let stages = 9, threads = 512
  private static let mostTileOutputs = 112

  /// Bytes of shared memory.
  package var sharedBytes: Int { rows * (Self.stages * Self.rowBytes + Self.warps * Self.sumBytes) }

  /// - Parameters:
  ///   - rows: rows of x, up to `mostRows`.
  ///   - outputs: outputs of all blocks together.
  ///   - blocks: blocks of the launch.
  package init(rows: Int, outputs: Int, blocks: Int) {
    self.rows = Self.panelRows(rows)
    let each = max(1, (outputs + blocks - 1) / blocks)
    let tiles = (each + Self.mostTileOutputs - 1) / Self.mostTileOutputs
    tileOutputs = (each + tiles - 1) / tiles
    parts = Self.warps / ((tileOutputs + 15) / 16)
  }

  /// The rows of panels for so many.
  package static func panelRows(_ rows: Int) -> Int { rows <= 16 ? 16 : 32 }

  /// Bytes of the inputs.
  package static func inputBytes(columns: Int, rows: Int) -> Int {
    (columns + panelColumns - 1) / panelColumns * panelRows(rows) * rowBytes
  }
}
