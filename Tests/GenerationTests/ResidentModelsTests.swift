import Generation
import Testing

/// Which models are unloaded. Each letter is a model of two bytes.
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
    // order of use, budget, resident models
    ("abc", 6, ["a", "b", "c"]), ("abc", 5, ["b", "c"]), ("abc", 4, ["b", "c"]), ("abc", 1, ["c"]),
    ("abca", 4, ["a", "c"]),
  ])
  func theLeastRecentlyUsedLeaves(_ uses: String, _ budget: Int, _ left: [String]) {
    #expect(residents(uses, budget: budget).keys == left)
  }

  @Test func aComputingModelIsKept() {
    var models = residents("a", budget: 2)
    models.hold("a")
    models.hold("a")
    insert("b", &models)
    #expect(models.keys == ["a", "b"])
    #expect(models.release("a").isEmpty, "another computation goes on")
    #expect(models.release("a") == ["a"])
    #expect(models.keys == ["b"] && models.latest == "b")
  }

  /// A model fits beside those that compute, or alone.
  @Test func roomIsThatBesideComputingModels() {
    var models = residents("ab", budget: 5)
    #expect(models.hasRoom(for: "c", bytes: 9), "nothing computes")
    models.hold("a")
    #expect(models.hasRoom(for: "c", bytes: 3) && !models.hasRoom(for: "c", bytes: 4))
    #expect(models.hasRoom(for: "b", bytes: 4), "it is resident")
    models.hold("c")
    #expect(!models.hasRoom(for: "c", bytes: 4), "a hold of a model that is not loaded needs no memory")
    #expect(models.release("a").isEmpty && models.hasRoom(for: "c", bytes: 4))
  }

  @Test func theMostRecentlyUsedModelIsKept() {
    var models = residents("a", budget: 1)
    models.hold("a")
    #expect(models.release("a").isEmpty)
    // The other model is used while one computes, and then the first again: the other is unloaded.
    models.hold("a")
    insert("b", &models)
    _ = models.use("a")
    #expect(models.release("a") == ["b"])
  }

  @Test func theFirstModelUnderAKeyIsKept() {
    var models = residents("a", budget: 8)
    #expect(models.insert("a", "z", bytes: 2) == "a")
    #expect(models.use("q") == nil && models.peek("a") == "a")
  }

  @Test(arguments: [
    // operations (h hold, r release, i insert, all of "a"), then whether "a" is unloaded for another model
    ("hri", true), ("hir", true), ("rih", false), ("rihr", true), ("hhri", false), ("hhrir", true),
    ("irr", true),
    ("irrh", false), ("hi", false), ("rrrihr", true),
  ])
  func aHoldOutlivesTheModelsAbsence(_ operations: String, _ leaves: Bool) {
    var models = ResidentModels<Character>(budget: 4)
    for operation in operations {
      switch operation {
      case "h": models.hold("a")
      case "r": _ = models.release("a")
      default: _ = models.insert("a", "a", bytes: 2)
      }
    }
    insert("b", &models)
    insert("c", &models)
    #expect(models.keys == (leaves ? ["b", "c"] : ["a", "c"]), "\(operations)")
  }
}
