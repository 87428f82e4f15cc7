import Basics
import Foundation
import TerminalInterface
import Testing

/// The contrast between text and background in the shipped themes, by WCAG 2's definition
/// (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
@Suite struct ContrastTests {
  private static let light: Set<String> = ["day", "paper"]
  private static let decoration: Set<StyleRole> = [.rule, .tableBorder]

  private static func luminance(_ color: ThemeColor) -> Double? {
    guard case .direct(let red, let green, let blue) = color else { return nil }
    func linear(_ value: Int) -> Double {
      let share = Double(value) / 255
      return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }

  private static func contrast(_ one: Double, _ other: Double) -> Double {
    (max(one, other) + 0.05) / (min(one, other) + 0.05)
  }

  @Test func contrastIsThatOfTheDefinition() {
    #expect(Self.contrast(1, 0) == 21)
    // https://webaim.org/resources/contrastchecker: #777777 on white is 4.48 to 1.
    let grey = Self.luminance(.direct(red: 0x77, green: 0x77, blue: 0x77)) ?? 0
    #expect(abs(Self.contrast(1, grey) - 4.48) < 0.005)
  }

  @Test func everyRoleIsReadable() throws {
    let library = ThemeLibrary(UserFolders(environment: [:]))
    #expect(ShippedThemes.all.count >= 8)
    for name in ShippedThemes.all.map(\.name) {
      let theme = try library.theme(named: name)
      // Usual backgrounds of terminals, for roles without one.
      let shades = Self.light.contains(name) ? [0xFF, 0xF4] : [0x00, 0x1E, 0x2A]
      let usual = shades.compactMap { Self.luminance(.direct(red: $0, green: $0, blue: $0)) }
      for role in StyleRole.allCases {
        let look = theme.look(role, depth: .direct)
        guard let text = Self.luminance(look.foreground) else {
          // The terminal's own text colour needs the terminal's own background.
          #expect(look.background == .terminal, "\(name): \(role.rawValue)")
          continue
        }
        let backgrounds = Self.luminance(look.background).map { [$0] } ?? usual
        let least = Self.decoration.contains(role) ? 1.8 : name == "contrast" ? 7 : 4.5
        for background in backgrounds {
          #expect(Self.contrast(text, background) >= least, "\(name): \(role.rawValue)")
        }
      }
    }
  }

  @Test func aPaletteAloneMakesATheme() throws {
    let parser = ThemeParser { $0 == "base" ? "[palette]\nink = \"#ff0000\"\n[roles]\ntext = \"ink\"" : nil }
    let theme = try parser.parse(
      "inherits = \"base\"\n[palette]\nink = \"#0000ff\"\n", name: "mine", file: "mine.toml")
    #expect(theme.look(.text, depth: .direct).foreground == .direct(red: 0, green: 0, blue: 255))
  }

  @Test(arguments: [
    ("\u{1B}]11;rgb:1e1e/1e1e/2e2e\u{7}", "night"), ("\u{1B}]11;rgb:ffff/ffff/ffff\u{1B}\\", "day"),
    ("\u{1B}]11;rgb:fd/f6/e3\u{7}", "day"), ("\u{1B}]11;rgba:0000/0000/0000/ffff\u{7}", "night"),
  ])
  func theBackgroundSelectsTheTheme(_ report: String, _ expected: String) {
    var decoder = InputDecoder()
    let inputs = decoder.feed(Array(report.utf8) + Array("x".utf8))
    guard inputs.count == 2, case .background(let red, let green, let blue) = inputs[0] else {
      Issue.record("\(inputs)")
      return
    }
    #expect(TerminalBackground.theme(red: red, green: green, blue: blue) == expected)
    #expect(inputs[1] == .text("x"))
  }

  @Test(arguments: [
    "]11;rgb:zz/00/00\u{7}", "]11;rgb:00/00\u{7}", "]11;?\u{7}", "]4;1;rgb:00/00/00\u{7}", "P1\u{7}",
  ])
  func otherReportsAreSkipped(_ report: String) {
    var decoder = InputDecoder()
    #expect(decoder.feed(Array("\u{1B}\(report)x".utf8)) == [.text("x")])
  }
}
