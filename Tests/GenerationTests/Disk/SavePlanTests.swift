import Generation
import Testing

struct SavePlanTests {
  @Test(arguments: [
    // new, total, bytes, in passing, on leaving
    (0, 5000, 1 << 20, false, false),
    (1, 5000, 1 << 20, true, true),
    (1, 5000, 16 << 20, true, true),
    (1, 5000, 116 << 20, false, true),
    (624, 5000, 116 << 20, false, true),
    (625, 5000, 116 << 20, true, true),
    (5000, 5000, 116 << 20, true, true),
  ])
  func savesWhatIsWorthIt(_ new: Int, _ total: Int, _ bytes: Int, _ inPassing: Bool, _ onLeaving: Bool) {
    #expect(SavePlan.isWorthIt(new: new, total: total, bytes: bytes, .passing) == inPassing)
    #expect(SavePlan.isWorthIt(new: new, total: total, bytes: bytes, .leaving) == onLeaving)
  }
}
