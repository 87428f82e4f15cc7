import Conversation
import TerminalInterface

/// Drives a chat without a terminal, engine or clock. Keys are written as text: "<C-a>", "<A-b>", "<Enter>", "<Esc>",
/// "<Paste:...>"; everything else is typed.
final class ChatDriver {
  let chat: Chat
  private(set) var effects: [ChatEffect] = []
  /// The speculative prefill requests, separate from the other effects.
  private(set) var readings: [ChatRequest] = []
  private var wholeReadings: [ChatRequest] = []
  var now = 100.0

  static let model = ModelInfo(
    name: "SmolLM2-135M", quantisation: "Q4_1", contextLength: 8192, efforts: ["low", "medium", "high"])
  static let models = [
    ModelSummary(
      name: "SmolLM2-135M", bytes: 98_362_432, quantisation: "Q4_1", isResident: true, cachedTokens: 9940),
    ModelSummary(
      name: "gemma-3-270m", bytes: 253_000_000, quantisation: "Q4_K_M", isResident: false,
      unreadTokens: 9812, estimatedSwitchSeconds: 2.1),
  ]

  init(
    rows: Int = 24, columns: Int = 80, history: [String] = [], hasModel: Bool = true,
    savesSessions: Bool = false
  ) {
    var state = ChatState(theme: "night")
    state.session = SessionState(id: "first")
    state.newSession = { "second" }
    state.savesSessions = savesSessions
    state.history = PromptHistory(history)
    state.themes = ["night", "day", "plain"]
    chat = Chat(state: state, size: ScreenSize(rows: rows, columns: columns))
    if hasModel { handle(.models(Self.models, current: Self.model, settings: ChatSettings())) }
  }

  var state: ChatState { chat.state }

  /// The draft with the cursor as a bar.
  var draft: String {
    let elements = state.draft.elements
    return Draft.text(of: elements[..<state.draft.cursor]) + "|"
      + Draft.text(of: elements[state.draft.cursor...])
  }

  func handle(_ event: ChatEvent) { record(chat.handle(event, now: now)) }

  /// Advances the clock without an event.
  func wait(_ seconds: Double) {
    now += seconds
    _ = chat.tick(now: now)
    record(chat.background(now: now))
  }

  private func record(_ new: [ChatEffect]) {
    for effect in new {
      switch effect {
      case .readAhead(let request): readings.append(request)
      case .prefillTurn(let request): wholeReadings.append(request)
      default: effects.append(effect)
      }
    }
  }

  /// The prefill requests since the last call, each as the texts of its messages.
  func takeReadings() -> [[String]] {
    defer { readings = [] }
    return readings.map { $0.messages.map(\.content) }
  }

  /// The prefill requests to the end of the draft since the last call.
  func takeWholeReadings() -> [ChatRequest] {
    defer { wholeReadings = [] }
    return wholeReadings
  }

  /// The saved sessions since the last call, as the texts of their messages; other effects are dropped.
  func takeSaved() -> [[String]] {
    takeEffects().compactMap { effect in
      if case .saveSession(let session) = effect { session.tree.messages.map(\.content) } else { nil }
    }
  }

  /// The effects since the last call.
  func takeEffects() -> [ChatEffect] {
    defer { effects = [] }
    return effects
  }

  func engine(_ events: EngineEvent...) {
    guard let turn = state.turn?.id else { return }
    for event in events { handle(.engine(turn: turn, event)) }
  }

  func type(_ script: String) {
    var rest = script[...]
    while !rest.isEmpty {
      if rest.first == "<", let end = rest.firstIndex(of: ">") {
        let name = String(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[rest.index(after: end)...]
        handle(.input(Self.input(name)))
      } else {
        let text = rest.prefix { $0 != "<" }
        handle(.input(.text(String(text))))
        rest = rest[text.endIndex...]
      }
    }
  }

  private static func input(_ name: String) -> TerminalInput {
    if name.hasPrefix("Paste:") { return .paste(String(name.dropFirst(6))) }
    if name.hasPrefix("C-"), name.count == 3, let letter = name.last { return .key(.control(letter)) }
    if name.hasPrefix("A-"), name.count == 3, let letter = name.last { return .key(.alt(letter)) }
    let named: [String: Key] = [
      "Enter": Key(.enter), "A-Enter": Key(.enter, .alt), "Esc": Key(.escape), "Tab": Key(.tab),
      "Up": Key(.up),
      "Down": Key(.down), "Left": Key(.left), "Right": Key(.right), "Home": Key(.home), "End": Key(.end),
      "PgUp": Key(.pageUp), "PgDn": Key(.pageDown), "BS": Key(.backspace), "A-BS": Key(.backspace, .alt),
      "Del": Key(.delete), "F1": Key(.function(1)), "F3": Key(.function(3)), "C-Right": Key(.right, .control),
      "S-Tab": Key(.tab, .shift),
    ]
    return .key(named[name] ?? Key(.insert))
  }
}
