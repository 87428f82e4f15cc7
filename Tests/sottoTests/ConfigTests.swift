import Basics
import Foundation
import Testing

/// `sotto config`, and the model of the settings in commands that name none.
struct ConfigTests {
  private func write(_ text: String, in folder: URL) throws {
    let settings = folder.appending(path: "config/sotto/settings.toml")
    try FileManager.default.createDirectory(
      at: settings.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: settings)
  }

  @Test func valuesAndTheirOrigins() throws {
    try Fixture.withFolder { folder in
      try write("temperature = 0.25 # mine\ntheme = 'day'\n", in: folder)
      let json = try JSON(parsing: Program.run(["config", "--json"], in: folder).output)
      guard case .array(let rows) = json else {
        Issue.record("no array")
        return
      }
      func row(_ name: String) -> JSON? { rows.first { $0["name"] == .string(name) } }
      #expect(row("temperature")?["value"] == .number(0.25))
      #expect(row("temperature")?["origin"] == .string("from settings.toml"))
      #expect(row("history")?["value"] == .bool(true))
      #expect(row("history")?["origin"] == .string("built in"))
      let one = try Program.run(["config", "theme"], in: folder)
      #expect(one.output == "day\n" && one.error.isEmpty)
      let all = try Program.run(["config"], in: folder)
      let theme = all.output.split(separator: "\n").first { $0.hasPrefix("theme ") }
      #expect(theme?.contains("= day ") == true && theme?.hasSuffix("from settings.toml") == true)
      #expect(all.error.contains("settings.toml"))
      let unknown = try Program.run(["config", "colour"], in: folder)
      #expect(unknown.exitCode == 1 && unknown.errorLines.count == 1)
    }
  }

  /// The device of the settings computes, unless an option names another one.
  @Test func theDeviceOfTheSettings() throws {
    try Fixture.withFolder { folder in
      let model = try ChainModel().write(in: folder)
      // No machine has this device.
      try write("device = 'cuda:1023'\n", in: folder)
      #expect(try Program.run(["config", "device"], in: folder).output == "cuda:1023\n")
      let generate = ["generate", model, "-p", "Hi there", "--raw", "--max-tokens", "1"]
      let found = try Program.run(generate, in: folder)
      #expect(found.exitCode == 1 && found.errorLines.count == 1, "\(found.error)")
      let named = try Program.run(generate + ["--device", "cpu"], in: folder)
      #expect(named.exitCode == 0, "\(named.error)")
      for text in ["gpu", "cuda:", "cuda:1024", "CPU"] {
        try write("device = '\(text)'\n", in: folder)
        let refused = try Program.run(["config", "device"], in: folder)
        #expect(refused.exitCode == 1 && refused.error.contains("settings.toml: line 1: 'device' must be"))
        // As the option takes them.
        #expect(try Program.run(generate + ["--device", text], in: folder).exitCode != 0)
      }
    }
  }

  @Test func commandsUseTheModelOfTheSettings() throws {
    try Fixture.withFolder { folder in
      let model = try ChainModel().write(in: folder)
      let named = try Program.run(["tokenize", model, "Hi there"], in: folder)
      #expect(named.exitCode == 0, "\(named.error)")
      try write("model = '\(model)'\n", in: folder)
      let found = try Program.run(["tokenize"], in: folder, input: "Hi there")
      #expect(found.output == named.output && found.exitCode == 0, "\(found.error)")
      let ids = named.output.split { $0.isWhitespace }.map(String.init)
      let text = try Program.run(["detokenize"] + ids, in: folder)
      #expect(text.output == (try Program.run(["detokenize", model] + ids, in: folder).output))
      #expect(text.exitCode == 0 && !text.output.isEmpty, "\(text.error)")
    }
  }
}
