import Conversation
import Foundation
import TerminalInterface
import Testing

/// The modes of the terminal for the mouse wheel.
@Suite struct MouseModeTests {
  private static let on = "\u{1B}[?1000h\u{1B}[?1006h"
  private static let off = "\u{1B}[?1006l\u{1B}[?1000l"

  @Test(
    arguments: [
      (["TERM": "xterm-256color"], true), (["TERM": "xterm-kitty"], true), (["TERM": "foot"], true),
      (["TERM": "alacritty"], true), (["TERM": "rxvt-unicode-256color"], true),
      (["TERM": "tmux-256color"], true), (["TERM": "screen", "TMUX": "/tmp/x"], true),
      (["TERM": "linux"], false), (["TERM": "screen-256color"], false), (["TERM": "vt100"], false),
      ([:], false),
      (["TERM": "xterm-256color", "STY": "1.pts"], false),
      (["TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"], false),
    ] as [([String: String], Bool)])
  func terminals(_ environment: [String: String], _ expected: Bool) {
    #expect(MouseMode.keepsSelection(environment: environment) == expected)
    var mode = MouseMode(environment: environment)
    _ = mode.enter()
    // Off unless it is asked for: selecting and copying work.
    #expect(mode.update(UserSettings().value(.wheel)).isEmpty)
    #expect(mode.update(.auto) == (expected ? Self.on : ""))
    #expect(mode.update(.flag(true)) == (expected ? "" : Self.on))
    #expect(mode.update(.flag(false)) == Self.off)
    #expect(mode.update(.flag(false)).isEmpty)
  }

  /// "auto" of this setting is not the built-in value: it is kept in the file, and its source is shown.
  @Test func autoIsAValueOfItsOwn() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = SettingsFile(path: folder.appendingPathComponent("settings.toml").path)
    try file.set(.wheel, to: .auto)
    #expect(try file.load() == [.wheel: .auto])
    let settings = UserSettings(file: try file.load())
    #expect(settings.value(.wheel) == .auto)
    #expect(
      settings.described(.of(.wheel), answers: ChatSettings()) == "wheel = auto (from settings.toml)")
    #expect(UserSettings().described(.of(.wheel), answers: ChatSettings()) == "wheel = off")
    try file.set(.wheel, to: .flag(true))
    #expect(try file.load() == [.wheel: .flag(true)])
  }

  @Test func aDragGivesTheMouseToTheTerminalUntilTheNextKey() {
    var mode = MouseMode(environment: ["TERM": "xterm"])
    #expect(mode.enter() == "\u{1B}[?1007s\u{1B}[?1007l")
    #expect(mode.update(.auto) == Self.on)
    mode.note(.wheel(3))
    #expect(mode.update(.auto).isEmpty)
    mode.note(.drag)
    #expect(mode.update(.auto) == Self.off)
    mode.note(.cursorReport(row: 1, column: 1))
    #expect(mode.update(.auto).isEmpty)
    mode.note(.text("a"))
    #expect(mode.update(.auto) == Self.on)
    // Another program gets a terminal that is as it was.
    #expect(mode.leave() == Self.off + "\u{1B}[?1007r")
    #expect(mode.enter() == "\u{1B}[?1007s\u{1B}[?1007l")
    #expect(mode.update(.auto) == Self.on)
  }

  @Test func theUserIsTold() {
    let driver = ChatDriver()
    driver.type("draft")
    driver.handle(.input(.drag))
    #expect(driver.state.flash?.text.hasPrefix("Drag again to select text") == true)
    #expect(driver.draft == "draft|")
  }
}
