/// How a product of a few rows is streamed through shared memory; see linear_stream.cu. Pure, so that it is tested without a
/// device.
package struct StreamPlan: Equatable {
  /// Outputs of a stage.
  package let stageRows: Int
  /// The places of the planes of scales and biases in a stage, and its bytes.
  package let scalesAt, biasesAt, stageBytes: Int
  /// Bytes in front of the stages: the inputs and the sums of the warps.
  package let inputBytes: Int
  package let stages: Int

  /// Bytes of shared memory in all.
  package var sharedBytes: Int { inputBytes + stages * stageBytes }

  /// What limits plans: as in the kernel.
  private static let mostStages = 16, mostStageRows = 16, slots = 2
  /// More than that, and the first stage comes late.
  private static let wantedStageBytes = 48 << 10
  /// Shared memory that a block can have beside the kernel's own: 227 KB on compute capability 9.0 and 10.0.
  package static let mostShared = 216 << 10

  /// - Parameters:
  ///   - rowBytes: bytes of an output's weights in each plane.
  ///   - columns: inputs, a multiple of 64.
  ///   - rows: rows of x, at most 8; of an expert for a mixture.
  ///   - outputs: outputs of all blocks together.
  ///   - blocks: blocks of the launch.
  ///   - warps: warps of a stage.
  /// - Returns: nil if two stages do not fit.
  package init?(
    rowBytes: (values: Int, scales: Int, biases: Int), columns: Int, rows: Int, outputs: Int, blocks: Int,
    warps: Int
  ) {
    let all = rowBytes.values + rowBytes.scales + rowBytes.biases
    var stageRows = Self.mostStageRows
    while stageRows > 1, stageRows * all > Self.wantedStageBytes { stageRows /= 2 }
    // Rows are 64 bytes apart from multiples of 128, so that reading eight of them has no bank conflicts.
    let stride = 2 * columns + (columns / 32 % 2 == 0 ? 64 : 0)
    func inputs(_ rows: Int) -> Int {
      // Sums have places for eight rows.
      let sums = Self.slots * warps * stageRows * 8 * 4
      return ((rows * (stride + columns / 32 * 4) + 15) / 16 * 16 + sums + 127) / 128 * 128
    }
    /// The places of the planes of scales and biases, and the bytes of a stage.
    func stage(_ rows: Int) -> (scalesAt: Int, biasesAt: Int, bytes: Int) {
      /// A plane begins up to 15 bytes before its first row and ends up to 15 bytes behind its last.
      func plane(_ bytes: Int) -> Int { bytes == 0 ? 0 : (rows * bytes + 47) / 16 * 16 }
      let scales = plane(rowBytes.values), biases = scales + plane(rowBytes.scales)
      return (scales, biases, (biases + plane(rowBytes.biases) + 127) / 128 * 128)
    }
    func fits(_ rows: Int) -> Bool { inputs(rows) + 3 * stage(stageRows).bytes <= Self.mostShared }
    if !fits(rows), stageRows > 4 { stageRows /= 2 }
    self.stageRows = stageRows
    (scalesAt, biasesAt, stageBytes) = stage(stageRows)
    inputBytes = inputs(rows)
    let needed = (outputs / blocks + 1 + stageRows - 1) / stageRows + 1
    stages = min(Self.mostStages, needed, (Self.mostShared - inputBytes) / stageBytes)
    guard stages >= min(2, needed) else { return nil }
  }
}
