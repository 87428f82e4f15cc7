import Generation
import Testing

/// Which models leave: letters that use two bytes each.
struct ResidentModelsTests {
  private func residents(_ keys: String, budget: Int) -> ResidentModels<Character> {
    var models = ResidentModels<Character>(budget: budget)
    for key in keys { insert(key, &models) }
    return models
  }

  private func insert(_ key: Character, _ models: inout ResidentModels<Character>) {
    _ = models.makeRoom(for: 2)
    _ = models.insert(String(key), key, bytes: 2)
  }

  @Test(arguments: [
    // used in this order, budget, who is left
    ("abc", 6, ["a", "b", "c"]), ("abc", 5, ["b", "c"]), ("abc", 4, ["b", "c"]), ("abc", 1, ["c"]),
    ("abca", 4, ["a", "c"]),
  ])
  func theLeastRecentlyUsedLeaves(_ uses: String, _ budget: Int, _ left: [String]) {
    #expect(residents(uses, budget: budget).keys == left)
  }

  @Test func whatComputesStaysToItsEnd() {
    var models = residents("a", budget: 2)
    models.hold("a")
    models.hold("a")
    insert("b", &models)
    #expect(models.keys == ["a", "b"])
    #expect(models.release("a").isEmpty, "another computation goes on")
    #expect(models.release("a") == ["a"])
    #expect(models.keys == ["b"] && models.latest == "b")
  }

  @Test func theOneUsedLastStaysThoughItIsTooLarge() {
    var models = residents("a", budget: 1)
    models.hold("a")
    #expect(models.release("a").isEmpty)
    // Turned to while another computes, and back: the other one leaves.
    models.hold("a")
    insert("b", &models)
    _ = models.use("a")
    #expect(models.release("a") == ["b"])
  }

  @Test func theFirstUnderAKeyStays() {
    var models = residents("a", budget: 8)
    #expect(models.insert("a", "z", bytes: 2) == "a")
    #expect(models.use("q") == nil && models.peek("a") == "a")
  }
}
