import Conversation
import Foundation
import TerminalInterface
import Testing

@Suite struct SettingsTests {
  @Test func everySettingIsListedOnce() {
    #expect(Setting.all.map(\.name) == SettingName.allCases)
    for setting in Setting.all {
      if let initial = setting.initial { #expect(setting.accepted(initial) == initial) }
    }
  }

  /// The value of a text, and that value in a file and back.
  @Test(arguments: [
    ("temperature", "0.2", SettingValue.real(0.2)), ("temperature", "1", .real(1)),
    ("temperature", "-1", nil),
    ("temperature", "nan", nil), ("temperature", "auto", .auto), ("top_k", "40", .integer(40)),
    ("top_k", "4.5", nil),
    ("seed", "auto", .auto), ("seed", "7", .integer(7)), ("seed", "x", nil),
    ("effort", "HIGH", .text("high")),
    ("typing-ahead", "off", .flag(false)), ("typing_ahead", "maybe", nil),
    ("reasoning", "Hide", .text("hide")),
    ("reasoning", "loud", nil), ("cache_bits", "8", .integer(8)), ("cache_bits", "4", nil),
    ("context_full", "drop", .text("drop")),
    ("system_prompt", "Be \"brief\".\\ ok", .text("Be \"brief\".\\ ok")),
    ("folders", "/a:/b c", .list(["/a", "/b c"])), ("prose_width", "0", .integer(0)),
  ])
  func values(_ name: String, _ text: String, _ expected: SettingValue?) throws {
    let setting = try #require(Setting.named(name))
    #expect(setting.value(of: text) == expected)
    guard let expected else { return }
    let document = "\(setting.name.rawValue) = \(expected.toml)\n"
    #expect(try SettingsFile(path: "x").values(in: document) == [setting.name: expected])
  }

  @Test(arguments: [
    ("temperature = \"hot\"", "x: line 1: 'temperature' must be a number from 0 to 100"),
    ("\n# c\ntop_p = 2", "x: line 3: 'top_p' must be a number from 0 to 1"),
    ("theem = 'day'", "x: line 1: unknown setting 'theem'; did you mean 'theme'?"),
    ("history = 1", "x: line 1: 'history' must be true or false"),
    ("folders = 'x'", "x: line 1: 'folders' must be a list of folders"),
    ("reasoning = 'no'", "x: line 1: 'reasoning' must be \"show\", \"fold\", \"hide\""),
  ])
  func problems(_ document: String, _ message: String) {
    #expect(throws: SettingsFile.Problem(message)) { try SettingsFile(path: "x").values(in: document) }
  }

  @Test func sourcesHaveAnOrder() {
    var settings = UserSettings(file: [.temperature: .real(0.5), .topK: .integer(5), .theme: .text("day")])
    var defaults = ChatSettings()
    defaults.temperature = 0.6
    defaults.minP = 0.1
    defaults.origins = ["temperature": .model, "min_p": .model]
    func described(_ name: SettingName) -> String {
      settings.described(.of(name), answers: settings.applied(to: defaults, efforts: ["low"]))
    }
    #expect(described(.temperature) == "temperature = 0.5 (from settings.toml)")
    #expect(described(.minP) == "min_p = 0.1 (recommended by the model)")
    #expect(described(.maxTokens) == "max_tokens = auto")
    settings.options[.temperature] = .real(1)
    #expect(described(.temperature) == "temperature = 1 (from the command line)")
    settings.chat[.temperature] = .real(1.5)
    #expect(described(.temperature) == "temperature = 1.5 (set here)")
    // "auto" goes back to the model's value, whatever the other sources say.
    settings.chat[.temperature] = .auto
    #expect(described(.temperature) == "temperature = 0.6 (recommended by the model)")
    // An effort that the model does not have is not sent.
    settings.chat[.effort] = .text("high")
    #expect(described(.effort) == "effort = auto")
    #expect(settings.text(.theme) == "day" && settings.flag(.history))
  }

  @Test func savingKeepsTheRestOfTheFile() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("sotto/settings.toml").path
    let file = SettingsFile(path: path)
    #expect(try file.load() == [:])
    try file.set(.theme, to: .text("day"))
    #expect(try TestFiles.text(URL(fileURLWithPath: path)) == "theme = \"day\"\n")
    let text = "# mine\ntheme = 'plain' # for now\ntemperature = 0.25\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    try file.set(.theme, to: .text("day"))
    try file.set(.seed, to: .integer(3))
    try file.set(.temperature, to: .auto)
    #expect(
      try TestFiles.text(URL(fileURLWithPath: path)) == "# mine\ntheme = \"day\" # for now\nseed = 3\n")
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    // A file that is not understood is not changed.
    try Data("theme = \n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: SettingsFile.Problem.self) { try file.set(.theme, to: .text("day")) }
    #expect(try TestFiles.text(URL(fileURLWithPath: path)) == "theme = \n")
  }

  @Test(arguments: [
    ("temperature -1", "temperature takes auto or a number from 0 to 100."),
    ("top_k 4.5", "top_k takes auto or a whole number from 0 to 1000000."),
    ("seed x", "seed takes auto or a whole number from 0."),
    ("effort extreme", "effort takes auto, low, medium or high."),
    ("theme x", "theme takes auto, night, day or plain."),
    ("wheel maybe", "wheel takes auto, on or off."), ("titles maybe", "titles takes on or off."),
    ("device gpu", "device takes auto, cpu, cuda or cuda:N (see 'sotto devices')."),
    ("device cuda:x", "device takes auto, cpu, cuda or cuda:N (see 'sotto devices')."),
    (
      "device cuda:1",
      "device takes effect when Sotto starts: /set --save device cuda:1 saves it for the next start"
    ),
    ("colour 1", "There is no setting colour. /set lists them."),
    ("model x", "model takes effect when Sotto starts: /set --save model x saves it for the next start"),
  ])
  func refusals(_ argument: String, _ message: String) {
    let driver = ChatDriver()
    driver.type("/set \(argument)<Enter>")
    #expect(driver.state.flash?.text == message)
    #expect(driver.state.userSettings == UserSettings())
  }

  @Test func whatIsSetHereCanBeSaved() {
    let driver = ChatDriver()
    driver.type("/set --save<Enter>")
    #expect(driver.state.flash?.text.hasPrefix("Nothing was set in this chat") == true)
    driver.type("/set temperature 0.3<Enter>/theme day<Enter>/think hide<Enter>/set prose_width 60<Enter>")
    #expect(driver.state.settings.temperature == 0.3 && driver.state.theme == "day")
    #expect(driver.state.reasoning == .hide && driver.state.proseWidth == 60)
    _ = driver.takeEffects()
    driver.type("/set --save<Enter>")
    let values: UserSettings.Values = [
      .temperature: .real(0.3), .theme: .text("day"), .reasoning: .text("hide"), .proseWidth: .integer(60),
    ]
    #expect(driver.takeEffects().contains(.saveSettings(values)))
    driver.handle(.settingsSaved(values, problem: nil))
    #expect(driver.state.userSettings == UserSettings(file: values))
    #expect(driver.state.settings.temperature == 0.3)
    #expect(driver.state.settings.origins["temperature"] == .file)
    driver.handle(.settingsSaved([.wheel: .flag(true)], problem: "no space"))
    #expect(driver.chat.frame().lines.contains { $0.text.contains("no space") })
  }

  @Test(arguments: [
    ("/set --save top_p 0.5", [SettingName.topP: SettingValue.real(0.5)]),
    ("/set top_p 0.5 --save", [.topP: .real(0.5)]), ("/theme day --save", [.theme: .text("day")]),
    ("/think show --save", [.reasoning: .text("show")]),
    ("/set --save model m.gguf", [.model: .text("m.gguf")]),
    ("/set --save device cuda:1", [.device: .text("cuda:1")]),
    ("/set --save wheel auto", [.wheel: .auto]),
    ("/set --save theme", [.theme: .text("night")]), ("/set --save seed auto", [.seed: .auto]),
    ("/set --save system_prompt Be brief.", [.systemPrompt: .text("Be brief.")]),
  ])
  func savesOne(_ line: String, _ values: UserSettings.Values) {
    let driver = ChatDriver()
    driver.type("\(line)<Esc><Enter>")
    #expect(driver.takeEffects().contains(.saveSettings(values)))
  }

  @Test func theSystemPromptOfANewChat() {
    var options = ChatOptions(environment: [:])
    options.settings = UserSettings(file: [.systemPrompt: .text("Be brief.")])
    #expect(ChatState(options: options, savesSessions: false).conversation.systemPrompt == "Be brief.")
    var tree = MessageTree(systemPrompt: "Be long.")
    tree.append(Message(role: .user, content: "Hi"))
    tree.append(Message(role: .assistant, content: "Ho", finish: .stop))
    options.resumed = Session(id: "x", tree: tree)
    #expect(ChatState(options: options, savesSessions: false).conversation.systemPrompt == "Be long.")
    options.settings.options[.systemPrompt] = .text("Be kind.")
    #expect(ChatState(options: options, savesSessions: false).conversation.systemPrompt == "Be kind.")
  }
}
