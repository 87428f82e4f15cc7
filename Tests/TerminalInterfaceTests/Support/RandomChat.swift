import Basics
import Conversation
import TerminalInterface

/// A chat that lives through random events: input, replies, tokens, sizes, signals and pauses. The same seed gives the
/// same events.
final class RandomChat {
  let chat: Chat
  private var random: SplitMix64
  private var input = RandomInput()
  private var engine = RandomEngine()
  private var now = 100.0

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    var state = ChatState(theme: "night")
    state.session = SessionState(id: "s0")
    state.newSession = { "s\(seed)" }
    state.savesSessions = seed % 4 != 0
    state.themes = ["night", "day", "mono"]
    state.presets = ["review"]
    state.history = PromptHistory(["an old message", "漢字\n\u{1B}[31m"])
    chat = Chat(state: state, size: ScreenSize(rows: 24, columns: 80))
    chat.options.joinsEmoji = seed % 2 == 0
    chat.options.hasLinks = seed % 3 == 0
    perform(chat.firstEffects())
    perform(
      chat.handle(.models(ChatDriver.models, current: ChatDriver.model, settings: ChatSettings()), now: now))
  }

  /// One event. Time passes with most of them.
  func step() {
    now += Double(random.next() % 40) / 1000
    switch random.next() % 64 {
    case 0..<36: for input in input.next(&random) { perform(chat.handle(.input(input), now: now)) }
    case 36..<52: generate()
    case 52..<57: if let reply = engine.reply(&random) { perform(chat.handle(reply, now: now)) }
    case 57, 58: resize()
    case 59: suspend()
    case 60: perform(chat.handle(.input(.key(.control("c"))), now: now))
    case 61:
      perform(chat.handle(.note(hostileText(&random, pieces: 5), isError: random.next() % 2 == 0), now: now))
    default:
      now += Double(random.next() % 50) / 10
    }
    _ = chat.tick(now: now)
    perform(chat.background(now: now))
    limit()
  }

  /// What is wrong with the frame: nil if it equals the drawing of a chat that has the same state and has drawn nothing
  /// before, and the terminal can show it.
  func problem() -> String? {
    let (frame, size) = (chat.frame(), chat.size)
    let fresh = Chat(state: chat.state, size: size)
    fresh.options = chat.options
    let expected = fresh.frame()
    if frame.lines.count != size.rows { return "\(frame.lines.count) rows of \(size.rows)" }
    if let cursor = frame.cursor {
      let isInside = 0..<size.rows ~= cursor.row && 0..<max(2, size.columns) ~= cursor.column
      if !isInside { return "the cursor is at \(cursor) of \(size)" }
    }
    for (row, line) in frame.lines.enumerated() {
      if line != expected.lines[row] {
        return "row \(row) is “\(line.text)” instead of “\(expected.lines[row].text)”"
      }
      // The mark before a message, its indentation and a wide character need this many.
      if line.columns > max(8, size.columns) { return "row \(row) has \(line.columns) columns: \(line.text)" }
      if line.text.unicodeScalars.contains(where: Self.isControl) {
        return "row \(row) has a control character: \(line.text.debugDescription)"
      }
    }
    return frame == expected
      ? nil : "the cursor is at \(frame.cursor as Any) instead of \(expected.cursor as Any)"
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || 0x7F..<0xA0 ~= scalar.value || 0x202A...0x202E ~= scalar.value
  }

  private func perform(_ effects: [ChatEffect]) {
    for effect in effects {
      switch effect {
      case .suspend: suspend()
      case .quit: break
      default: engine.start([effect])
      }
    }
  }

  // Several tokens of the turn, or of an earlier one.
  private func generate() {
    let last = chat.state.turnCount
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let turn =
        random.next() % 8 == 0 ? Int.random(in: max(0, last - 3)...last, using: &random) : chat.state.turn?.id
      perform(chat.handle(.engine(turn: turn ?? last, RandomEngine.event(&random)), now: now))
    }
  }

  private func resize() {
    let sizes = [(1, 1), (24, 80), (12, 40), (60, 200), (2, 3), (7, 20)]
    let fixed = sizes[Int(random.next() % 6)]
    let (rows, columns) =
      random.next() % 2 == 0
      ? fixed : (Int.random(in: 1...70, using: &random), Int.random(in: 1...220, using: &random))
    chat.resize(ScreenSize(rows: rows, columns: columns))
  }

  // As `ScreenProgram` does for SIGTSTP: the process stops, continues, and has the size that the terminal has then.
  private func suspend() {
    let begin = now
    now += random.uniform() * 100
    chat.suspended(from: begin, to: now)
    if random.next() % 3 == 0 { resize() }
  }

  // A conversation that grows without end would make the test slow.
  private func limit() {
    guard chat.state.conversation.messageCount > 120 || chat.state.draft.elements.count > 3000 else { return }
    chat.mutate(now) { state in
      state.draft.clear()
      state.queued = []
    }
    if chat.state.turn == nil { perform(chat.mutate(now) { $0.run(.new, "") }) }
  }
}
