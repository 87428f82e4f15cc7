import Basics
import Conversation
import TerminalInterface
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A frame depends on the state and the size alone: after any events, the frame that reuses laid out rows equals one that
/// is laid out from nothing, and the terminal can show it.
///
/// SOTTO_EVENTS is the number of events (default 20,000), SOTTO_SEED the first seed: a failure names its seed.
@Suite struct FrameTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let events = environment["SOTTO_EVENTS"].flatMap { Int($0) } ?? 20_000
  private static let firstSeed = environment["SOTTO_SEED"].flatMap { UInt64($0) } ?? 1
  /// The events of one seed.
  private static let length = 1000

  @Test(arguments: 0..<max(1, events / length))
  func aFrameEqualsAFreshOne(_ index: Int) {
    let seed = Self.firstSeed + UInt64(index)
    weak var ended: Chat?
    do {
      let random = RandomChat(seed: seed)
      ended = random.chat
      for number in 1...Self.length {
        random.step()
        if let problem = random.problem() {
          Issue.record(
            "SOTTO_SEED=\(seed) SOTTO_EVENTS=\(Self.length), event \(number), \(random.chat.size): \(problem)"
          )
          return
        }
      }
    }
    #expect(ended == nil, "the chat is released")
  }
}

/// The first screen.
@Suite struct WelcomeTests {
  private func screen(_ driver: ChatDriver) -> String {
    driver.chat.frame().lines.map(\.text).joined(separator: "\n")
  }

  @Test func nothingIsSaidAboutModelsBeforeTheyAreListed() {
    let driver = ChatDriver(hasModel: false)
    #expect(screen(driver).contains("Type a message") && !screen(driver).contains("/model"))
  }

  @Test func aChatWithoutAModelSaysWhereToGetOne() {
    let driver = ChatDriver(hasModel: false)
    driver.chat.mutate(driver.now) { $0.canDownload = true }
    driver.handle(.models([], current: nil, settings: ChatSettings()))
    #expect(screen(driver).contains("There is no model yet: /pull downloads one, /model PATH loads a file."))
  }

  @Test(arguments: [
    ([], "/pull downloads other models."), (["a"], "Another model is here: /model switches."),
    (["a", "b"], "2 other models are here: /model switches."),
  ])
  func otherModelsAreCounted(_ names: [String], _ expected: String) {
    let driver = ChatDriver(hasModel: false)
    driver.chat.mutate(driver.now) { $0.canDownload = true }
    let models = (names + [ChatDriver.model.name]).map {
      ModelSummary(name: $0, bytes: 1, quantisation: "", isResident: false)
    }
    driver.handle(.models(models, current: ChatDriver.model, settings: ChatSettings()))
    #expect(screen(driver).contains(expected))
  }
}
