import TerminalInterface
import Testing

/// Widths against the Python package wcwidth (Fixtures/widths.txt, made by Tests/Scripts/make_widths.py).
@Suite struct CharacterWidthTests {
  @Test func scalarsAgreeWithWcwidth() throws {
    var compared = 0
    for line in try TestFiles.fixture("widths.txt").split(separator: "\n")
    where !line.hasPrefix("#") && !line.hasPrefix("S") {
      let fields = line.split(separator: " ")
      let first = try #require(UInt32(fields[0], radix: 16))
      let last = try #require(UInt32(fields[1], radix: 16))
      let width = try #require(Int(fields[2]))
      for value in first...last {
        guard let scalar = Unicode.Scalar(value) else { continue }
        let ours = CharacterWidth.columns(of: scalar)
        if ours != width { Issue.record("U+\(String(value, radix: 16)): \(ours), wcwidth says \(width)") }
        compared += 1
      }
    }
    #expect(compared > 150_000)
  }

  @Test func stringsAgreeWithWcwidth() throws {
    var compared = 0
    for line in try TestFiles.fixture("widths.txt").split(separator: "\n") where line.hasPrefix("S") {
      let fields = line.split(separator: " ")
      var text = String.UnicodeScalarView()
      for point in fields[1].split(separator: ",") {
        text.append(try #require(UInt32(point, radix: 16).flatMap { Unicode.Scalar($0) }))
      }
      let width = try #require(Int(fields[2]))
      #expect(CharacterWidth.columns(of: String(text)) == width, "\(String(text)) \(fields[1])")
      compared += 1
    }
    #expect(compared > 300)
  }

  /// Cells have the counted columns for all terminal capabilities.
  @Test(arguments: [
    TerminalCapabilities(), TerminalCapabilities(joinsEmoji: true, drawsFlags: true),
    TerminalCapabilities(unicode: false),
  ])
  func glyphsHaveTheCountedColumns(_ capabilities: TerminalCapabilities) throws {
    let glyphs = Glyphs(capabilities: capabilities)
    for line in try TestFiles.fixture("widths.txt").split(separator: "\n") where line.hasPrefix("S") {
      var text = String.UnicodeScalarView()
      for point in line.split(separator: " ")[1].split(separator: ",") {
        text.append(try #require(UInt32(point, radix: 16).flatMap { Unicode.Scalar($0) }))
      }
      for character in String(text) {
        let cells = glyphs.cells(of: character)
        #expect(cells.reduce(0) { $0 + $1.columns } == CharacterWidth.columns(of: character), "\(character)")
        #expect(cells.allSatisfy { $0.scalars.count <= 5 })
        #expect(capabilities.unicode || cells.allSatisfy { $0.scalars.allSatisfy { $0 < 0x7F } })
      }
    }
  }

  @Test func controlsNeverBecomeCells() {
    for value in Array(0..<0x20) + Array(0x7F..<0xA0) {
      guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
      #expect(Glyphs().cells(of: Character(scalar)).isEmpty, "\(value)")
    }
  }
}
