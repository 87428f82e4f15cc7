import ComputeCUDA
import Testing

/// The division of work among blocks of threads, which is planned on the host.
struct PlanTests {
  /// Shapes of real models: bytes of a row in each plane, columns, outputs of a block's multiprocessor count.
  @Test(arguments: [
    (values: 2880, scales: 180, biases: 0, columns: 2880), (1440, 90, 0, 2880), (4096, 256, 0, 4096),
    (1440, 0, 0, 2560), (5472, 0, 0, 9728), (7296, 684, 0, 9728), (288, 36, 36, 576), (768, 96, 96, 1536),
    (4096, 0, 0, 2048),
  ])
  func streamsFitAndPlanesDoNotOverlap(values: Int, scales: Int, biases: Int, columns: Int) throws {
    for rows in 1...8 {
      for warps in [8, 16] {
        let found = StreamPlan(
          rowBytes: (values, scales, biases), columns: columns, rows: rows, outputs: 100_000, blocks: 132,
          warps: warps)
        // Long rows have products by panels.
        guard rows <= 4 || columns <= 4096 else { continue }
        let plan = try #require(found)
        #expect(plan.sharedBytes <= StreamPlan.mostShared)
        #expect(plan.stages >= 2 && plan.stages <= 16)
        #expect((1...16).contains(plan.stageRows))
        // A plane is copied in whole 16 bytes, from up to 15 before its first row to up to 15 behind its last.
        #expect(plan.scalesAt >= plan.stageRows * values + 30 && plan.scalesAt % 16 == 0)
        #expect(plan.biasesAt >= plan.scalesAt + (scales > 0 ? plan.stageRows * scales + 30 : 0))
        #expect(plan.stageBytes >= plan.biasesAt + (biases > 0 ? plan.stageRows * biases + 30 : 0))
        #expect(plan.biasesAt % 16 == 0 && plan.stageBytes % 128 == 0 && plan.inputBytes % 128 == 0)
        // Rows in float16, sums of 32 columns, and two sets of the sums of the warps for a stage's outputs.
        let sums = 2 * warps * plan.stageRows * 8 * 4
        #expect(plan.inputBytes >= rows * (2 * columns + columns / 32 * 4) + sums)
      }
    }
  }

  @Test func smallMatricesTakeFewStages() throws {
    let plan = try #require(
      StreamPlan(
        rowBytes: (288, 36, 36), columns: 576, rows: 1, outputs: 576, blocks: 132, warps: 16))
    #expect(plan.stages == 2)
    #expect(plan.stageRows == 16)
  }

  @Test(arguments: [1, 32, 576, 2880, 5120, 19_456, 201_088])
  func panelsGiveEachWarpAPart(_ outputs: Int) {
    for rows in [2, 9, 16, 17, 32] {
      let plan = PanelPlan(rows: rows, outputs: outputs, blocks: 132), tiles = (plan.tileOutputs + 15) / 16
      #expect(plan.rows >= rows && [16, 32].contains(plan.rows))
      #expect((1...7).contains(tiles) && plan.parts * tiles <= 15 && (plan.parts + 1) * tiles > 15)
      // A block's outputs are divided evenly.
      let each = (outputs + 131) / 132, rounds = (each + plan.tileOutputs - 1) / plan.tileOutputs
      #expect(rounds * plan.tileOutputs - each < rounds)
      #expect(plan.sharedBytes <= StreamPlan.mostShared)
    }
    // Two panels of 256 columns: rows of 576 bytes, and 8 sums.
    #expect(PanelPlan.inputBytes(columns: 320, rows: 3) == 2 * 16 * (576 + 32))
  }

  @Test func rowsThatAreTooLongHaveNoPlan() {
    #expect(
      StreamPlan(
        rowBytes: (200_000, 0, 0), columns: 100_000, rows: 1, outputs: 1000, blocks: 132, warps: 16) == nil)
  }

  @Test func plansOfAttentionCoverAllPages() {
    for pages in 1...2000 {
      for blocks in [1, 8, 64, 1000] {
        let plan = AttentionPlan(pages: pages, blocks: blocks)
        if plan.splits > 1 { #expect(plan.splits * plan.pages >= pages) }
      }
    }
  }

  @Test func plansOfAttentionSeldomChange() {
    let changes = (4..<1024).count { AttentionPlan.rounded($0) != AttentionPlan.rounded($0 + 1) }
    #expect(changes <= 33)
    for pages in 4...1024 {
      let rounded = AttentionPlan.rounded(pages)
      #expect(rounded >= pages && rounded <= pages + pages / 4)
      #expect(AttentionPlan.rounded(rounded) == rounded)
    }
    #expect(AttentionPlan(pages: 1, blocks: 8).splits == 1)
    #expect(AttentionPlan(pages: 3, blocks: 8).splits == 1)
  }
}
