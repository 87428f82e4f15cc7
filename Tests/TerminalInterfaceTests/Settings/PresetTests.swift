import Basics
import Conversation
import Foundation
import TerminalInterface
import Testing

@Suite struct PresetTests {
  @Test func filesOfPresets() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let presets = PresetFolder(UserFolders(environment: ["HOME": folder.path]))
    #expect(presets.names == [])
    let values: UserSettings.Values = [.systemPrompt: .text("Review."), .temperature: .real(0.1)]
    #expect(presets.save(values, as: "review") == nil)
    #expect(presets.names == ["review"])
    #expect(try presets.load("review") == values)
    #expect(presets.save(values, as: "../x") != nil)
    #expect(throws: SettingsFile.Problem.self) { try presets.load("reveiw") }
    try Data("history = false\n".utf8).write(to: URL(fileURLWithPath: "\(presets.path)/bad.toml"))
    #expect(throws: SettingsFile.Problem.self) { try presets.load("bad") }
  }

  @Test func aPresetSetsThePromptTheSettingsAndTheModel() {
    let driver = ChatDriver()
    driver.type("/preset review<Enter>")
    #expect(driver.takeEffects().contains(.loadPreset("review")))
    driver.type("/set temperature 1.5<Enter>/set top_k 3<Enter>")
    let values: UserSettings.Values = [
      .systemPrompt: .text("Review."), .temperature: .real(0.1), .model: .text("gemma-3-270m"),
    ]
    driver.handle(.presetLoaded("review", .success(values)))
    #expect(driver.state.conversation.systemPrompt == "Review.")
    #expect(driver.state.settings.temperature == 0.1 && driver.state.settings.topK == 3)
    #expect(driver.state.settings.origins["temperature"] == .preset)
    #expect(driver.takeEffects().contains(.switchModel("gemma-3-270m")))
    // A change here takes precedence, and can become a preset of its own.
    driver.type("/set temperature 0.2<Enter>/preset --save mine<Enter>")
    let saved = driver.takeEffects().compactMap { effect -> UserSettings.Values? in
      if case .savePreset("mine", let values) = effect { values } else { nil }
    }
    #expect(saved.first?[.temperature] == .real(0.2) && saved.first?[.systemPrompt] == .text("Review."))
    driver.handle(.presetSaved("mine", problem: nil))
    #expect(driver.state.presets == ["mine"])
    driver.type("/preset -<Enter>")
    #expect(driver.state.conversation.systemPrompt == nil && driver.state.preset == nil)
    driver.handle(.presetLoaded("x", .failure(SettingsFile.Problem("there is no preset x"))))
    #expect(driver.chat.frame().lines.contains { $0.text.contains("there is no preset x") })
  }
}
