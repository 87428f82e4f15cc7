import Basics
import Conversation
import Foundation
import TerminalInterface
import Testing

/// The place at which a session was left.
@Suite struct PlaceTests {
  private static let long = (1...60).map { "paragraph \($0)\n\n" }.joined()

  private func driver(columns: Int = 60) -> ChatDriver {
    let driver = ChatDriver(rows: 16, columns: columns, savesSessions: true)
    for text in ["one", "two"] {
      driver.type("\(text)<Enter>")
      driver.engine(.delta(.answer, Self.long), .finished(.stop, TurnStatistics()))
    }
    _ = driver.takeEffects()
    return driver
  }

  private func places(_ driver: ChatDriver) -> [ReadingPlace?] {
    driver.takeEffects().compactMap { if case .savePlace("first", let place) = $0 { place } else { nil } }
  }

  @Test func itIsSavedAfterAPauseAndAtTheEnd() {
    let driver = driver()
    driver.type("<PgUp>")
    #expect(places(driver).isEmpty)
    driver.wait(0.3)
    driver.type("<PgUp>")
    driver.wait(0.3)
    #expect(places(driver).isEmpty, "half a second after the last scroll")
    driver.wait(0.3)
    let saved = places(driver)
    #expect(saved.count == 1 && saved.first??.message == 3)
    driver.wait(5)
    #expect(places(driver).isEmpty && driver.state.placeDeadline == nil)
    driver.type("<End>")
    let ending = driver.chat.lastEffects().contains(.savePlace(session: "first", nil))
    #expect(ending, "at the end of the transcript there is none")
  }

  @Test(arguments: [60, 30, 120])
  func aSessionOpensThere(_ columns: Int) throws {
    let first = driver()
    first.type("<PgUp><PgUp><PgUp>")
    let shown = first.chat.frame().lines.prefix(8).map(\.text)
    let place = try #require(first.state.readingPlace)
    let session = Session(
      id: "other", title: "T", model: "SmolLM2-135M", tree: first.state.conversation)
    let second = ChatDriver(rows: 16, columns: columns, savesSessions: true)
    second.type("/sessions other<Enter>")
    second.handle(.sessionOpened(session, request: 1))
    #expect(second.takeEffects().contains(.loadPlace(session: "other")))
    #expect(second.state.scroll == .live)
    second.handle(.placeFound(place, session: "other"))
    #expect(second.chat.frame().lines.prefix(8).map(\.text) == shown)
  }

  @Test func aPlaceThatIsNotThereIsIgnored() {
    let driver = driver()
    driver.handle(.placeFound(ReadingPlace(message: 77, row: 0, rows: 1), session: "first"))
    driver.handle(.placeFound(ReadingPlace(message: 0, row: 0, rows: 1), session: "another"))
    #expect(driver.state.scroll == .live)
    // A place beyond the last screen is the end.
    driver.handle(.placeFound(ReadingPlace(message: 3, row: 119, rows: 120), session: "first"))
    #expect(driver.state.scroll == .live)
    // Where the user has scrolled meanwhile, nothing moves.
    driver.type("<PgUp>")
    let scroll = driver.state.scroll
    driver.handle(.placeFound(ReadingPlace(message: 0, row: 0, rows: 1), session: "first"))
    #expect(driver.state.scroll == scroll)
  }

  @Test func files() throws {
    let folder = try TestFiles.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let places = PlaceFolder(UserFolders(environment: ["HOME": folder.path]))
    let place = ReadingPlace(message: 4, row: 2, rows: 9)
    #expect(places.load("a") == nil)
    places.save(place, of: "a")
    #expect(places.load("a") == place && places.load("b") == nil)
    places.save(place, of: "../a")
    #expect(places.load("../a") == nil)
    for text in ["", "{}", "{\"message\":1,\"row\":9,\"rows\":9}", "{\"message\":-1,\"row\":0,\"rows\":1}"] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: places.path + "/a.json"))
      #expect(places.load("a") == nil, "\(text)")
    }
    places.save(nil, of: "a")
    #expect(!FileManager.default.fileExists(atPath: places.path + "/a.json"))
  }
}
