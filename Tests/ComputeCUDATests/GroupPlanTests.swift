import ComputeCUDA
import Testing

struct GroupPlanTests {
  @Test(arguments: [1, 9, 64, 65, 300, 512, 513, 2048, 100_000])
  func tilesAreWholeAndFit(_ rows: Int) {
    for outputs in [[32], [5120], [977, 131, 64], [9728, 9728]] {
      let plan = GroupPlan(rows: rows, isSorted: false, outputs: outputs, blocks: 132)
      #expect(plan.rows % 8 == 0 && (8...128).contains(plan.rows))
    }
  }

  @Test func entriesOfExpertsHaveTheLargestTiles() {
    // Each tile expands an expert's weights again.
    #expect(GroupPlan(rows: 2048, isSorted: true, outputs: [5760], blocks: 132).rows == 128)
  }

  @Test func fewTilesAreMadeSmaller() {
    // 14 tiles of outputs: with 128 rows, 56 of 132 multiprocessors would work.
    #expect(GroupPlan(rows: 512, isSorted: false, outputs: [2560], blocks: 132).rows == 64)
    #expect(GroupPlan(rows: 512, isSorted: false, outputs: [6144], blocks: 132).rows == 128)
  }

  @Test func inputsHaveWholeStepsAndASlack() {
    #expect(GroupPlan.inputBytes(places: 3, columns: 288) == 6 * 3 * 128 + 128 * 128)
  }
}
