import Basics
import TerminalInterface
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct ThemeTests {
  @Test func theShippedThemesAreTheFilesUnderThemes() throws {
    let folder = TestFiles.root.appendingPathComponent("themes")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".toml")
    }
    #expect(Set(files) == Set(ShippedThemes.all.map { $0.name + ".toml" }))
    #expect(files.count >= 3)
    for theme in ShippedThemes.all {
      let text = try TestFiles.text(folder.appendingPathComponent("\(theme.name).toml"))
      #expect(text.trimmingEnd == theme.text.trimmingEnd, "run themes/embed.py")
    }
  }

  @Test func shippedThemesAreComplete() throws {
    let library = ThemeLibrary(UserFolders(environment: [:]))
    for name in library.names {
      let theme = try library.theme(named: name)
      // A shipped theme defines every role.
      #expect(Set(theme.styles.keys) == Set(StyleRole.allCases), "\(name)")
    }
    #expect(ThemeLibrary.fallback.name == ThemeLibrary.defaultName)
    #expect(!ThemeLibrary.fallback.styles.isEmpty)
  }

  @Test func rolesInherit() throws {
    let parser = ThemeParser {
      $0 == "base" ? "[palette]\nred = \"#ff0000\"\n[roles]\nerror = \"red\"\ndim = \"8\"" : nil
    }
    let theme = try parser.parse(
      "inherits = \"base\"\n[roles]\nheading = { fg = \"red\", bold = true }\n", name: "mine",
      file: "mine.toml")
    #expect(theme.look(.error, depth: .direct).foreground == .direct(red: 255, green: 0, blue: 0))
    #expect(theme.look(.heading, depth: .direct).emphasis == .bold)
    // Inherited from the parent role, and finally the terminal's default.
    #expect(theme.look(.reasoning, depth: .direct).foreground == .palette(8))
    #expect(theme.look(.text, depth: .direct).foreground == .terminal)
    #expect(theme.look(.error, depth: .none).foreground == .terminal)
  }

  @Test(
    arguments: [
      ("[roles]\nheadnig = \"red\"", 2, "did you mean heading"),
      ("[roles]\n\nheading = \"blurple\"", 3, "\"blurple\" is not a colour"),
      ("[palette]\na = 5", 2, "is not a colour"),
      ("[roles]\nheading = { fg = \"red\", blink = true }", 2, "\"blink\" is not known"),
      ("[roles]\nheading = { bold = \"yes\" }", 2, "\"bold\" is not known"),
      ("inherits = \"nothing\"", 1, "there is no theme \"nothing\""),
      ("inherits = 3", 1, "takes the name"),
      ("inherits = \"circle\"", 1, "circle"),
      ("palette = 3", 1, "palette must be a table"),
      ("\n\n[colors]\na = 1", 3, "\"colors\" is not known"),
      ("[roles]\na = \n", 2, "expected value"),
      ("[roles", 1, "end-of-file"),
    ] as [(String, Int, String)])
  func errorsNameTheLineAndTheFix(_ text: String, _ line: Int, _ part: String) {
    let parser = ThemeParser { $0 == "circle" ? "inherits = \"circle\"" : nil }
    do {
      _ = try parser.parse(text, name: "mine", file: "mine.toml")
      Issue.record("no error")
    } catch let error as ThemeError {
      #expect(
        error.description.hasPrefix("mine.toml:\(line): ") || error.description.hasPrefix("circle:\(line): "))
      #expect(error.description.contains(part), "\(error)")
      #expect(!error.description.contains("\n"))
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func hostileFilesAreRefused() {
    let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
    let parser = ThemeParser { _ in nil }
    var texts = [
      "a = \(deep)", "\u{0}", "\u{FFFD}", "roles = [\n",
      String(repeating: "a", count: ThemeParser.sizeLimit + 1),
    ]
    var generator = SplitMix64(seed: 5)
    let shipped = Array(ShippedThemes.all[0].text.utf8)
    for _ in 0..<400 {
      var bytes = shipped
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: Array("[\"={".utf8), at: place)
        }
      }
      texts.append(String(decoding: bytes, as: UTF8.self))
    }
    var refused = 0
    for text in texts {
      do { _ = try parser.parse(text, name: "x", file: "x.toml") } catch {
        refused += 1
        #expect(error is ThemeError)
        #expect(!"\(error)".unicodeScalars.contains { $0.value < 0x20 })
      }
    }
    #expect(refused > 100)
  }

  @Test func userThemesOverrideShippedOnes() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let themes = folder.appendingPathComponent("sotto/themes")
    try FileManager.default.createDirectory(at: themes, withIntermediateDirectories: true)
    try Data("inherits = \"night\"\n[roles]\ntext = \"#010203\"\n".utf8).write(
      to: themes.appendingPathComponent("mine.toml"))
    try Data("[roles]\ntext = \"oops\"\n".utf8).write(to: themes.appendingPathComponent("broken.toml"))
    let library = ThemeLibrary(UserFolders(environment: ["XDG_CONFIG_HOME": folder.path]))
    #expect(library.names.suffix(2) == ["broken", "mine"])
    let mine = try library.theme(named: "mine")
    #expect(mine.look(.text, depth: .direct).foreground == .direct(red: 1, green: 2, blue: 3))
    #expect(throws: ThemeError.self) { try library.theme(named: "broken") }
    #expect(throws: ThemeError.self) { try library.theme(named: "../sotto/themes/mine") }
    #expect(throws: ThemeError.self) { try library.theme(named: "nigth") }
  }
}

@Suite struct ThemeColorTests {
  @Test(arguments: [
    ("", ThemeColor.terminal), ("#ff8000", .direct(red: 255, green: 128, blue: 0)),
    ("#f80", .direct(red: 255, green: 136, blue: 0)),
    ("17", .palette(17)), ("bright-blue", .palette(12)), ("Red", .palette(1)),
  ])
  func reads(_ text: String, _ color: ThemeColor) { #expect(ThemeColor(text) == color) }

  @Test(arguments: ["#ff80", "#gg0000", "256", "-1", "+5", "purpleish", "#", "#１２３", " "])
  func refuses(_ text: String) { #expect(ThemeColor(text) == nil) }

  /// Palette entries have the values that xterm documents, and map to themselves.
  @Test func reducesToTheNearestOfThePalette() {
    #expect(ThemeColor("#ff0000")?.value(for: .palette(256)) == 196)
    #expect(ThemeColor("#5f87af")?.value(for: .palette(256)) == 67)
    #expect(ThemeColor("#808080")?.value(for: .palette(256)) == 244)
    #expect(ThemeColor("#ff0000")?.value(for: .palette(8)) == 1)
    #expect(ThemeColor("#ffffff")?.value(for: .palette(16)) == 15)
    #expect(ThemeColor("#123456")?.value(for: .direct) == 0x123456)
    #expect(ThemeColor("#123456")?.value(for: .none) == -1)
    for index in 16..<256 {
      let rgb = ThemeColor.rgbOfPalette(index)
      let again = ThemeColor.direct(red: rgb >> 16, green: rgb >> 8 & 255, blue: rgb & 255).value(
        for: .palette(256))
      #expect(ThemeColor.rgbOfPalette(again) == rgb)
    }
  }

  /// On the Linux console, a grey line is not black on black, and grey text is not yellow.
  @Test func greysOfEightColours() {
    let (eight, panel) = (ColorDepth.palette(8), ThemeColor.direct(red: 27, green: 30, blue: 40))
    #expect(ThemeColor("#5a6175")?.foreground(on: .terminal, for: eight) == -1)
    #expect(ThemeColor("bright-black")?.foreground(on: .terminal, for: eight) == -1)
    #expect(ThemeColor("#8f96a8")?.foreground(on: panel, for: eight) == 7)
    #expect(panel.value(for: eight) == 0)
    #expect(ThemeColor("#e3b876")?.foreground(on: .terminal, for: eight) == 3)
    #expect(ThemeColor("white")?.foreground(on: .terminal, for: eight) == 7)
    #expect(ThemeColor("#5a6175")?.foreground(on: .terminal, for: .palette(256)) ?? -1 >= 16)
  }

  @Test(arguments: [
    (["NO_COLOR": "1", "COLORTERM": "truecolor"], true, false),
    (["NO_COLOR": "", "COLORTERM": "24bit"], false, true),
    ([:], false, false), (["COLORTERM": "yes"], false, false),
  ])
  func environment(_ environment: [String: String], _ noColor: Bool, _ direct: Bool) {
    let wanted = ColorDepth.wanted(environment: environment)
    #expect(wanted.noColor == noColor)
    #expect(wanted.direct == direct)
  }
}

extension String {
  var trimmingEnd: String {
    var text = self[...]
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}
