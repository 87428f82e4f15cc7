import Basics
import Conversation
import TerminalInterface

/// An engine, a session store and a file system that reply at random times, with random results and errors.
struct RandomEngine {
  private var pending: [ChatEffect] = []
  /// The sessions that were saved.
  private var saved: [Session] = []

  /// Replies kept for later; the oldest is dropped when there are more, as a slow engine may be asked again.
  private static let limit = 30

  /// Takes the requests of the chat.
  mutating func start(_ effects: [ChatEffect]) {
    for effect in effects {
      if case .saveSession(let session) = effect {
        saved.removeAll { $0.id == session.id }
        saved.append(session)
        if saved.count > 5 { saved.removeFirst() }
      }
      pending.append(effect)
    }
    if pending.count > Self.limit { pending.removeFirst(pending.count - Self.limit) }
  }

  /// A reply to one of the requests; nil for none.
  mutating func reply(_ random: inout SplitMix64) -> ChatEvent? {
    guard !pending.isEmpty else { return nil }
    let effect = pending.remove(at: Int.random(in: 0..<pending.count, using: &random))
    return reply(to: effect, fails: random.next() % 4 == 0, &random)
  }

  /// The next event of a running turn.
  static func event(_ random: inout SplitMix64) -> EngineEvent {
    let count = Int.random(in: 0..<900, using: &random)
    let statistics = TurnStatistics(
      promptTokens: count, reusedTokens: count / 2, generatedTokens: count,
      timeToFirstToken: random.uniform(),
      tokensPerSecond: random.uniform() * 300, contextUsed: count * 10)
    switch random.next() % 40 {
    case 0: return .finished(.stop, statistics)
    case 1: return .finished(.cancelled, statistics)
    case 2: return .finished(.length, statistics)
    case 3:
      return random.next() % 3 == 0 ? .finished(.contextFull, statistics) : .failed("it failed: \u{1B}[2J")
    case 4: return .contextExceeded(tokens: 9000, context: 8192)
    case 5, 6: return .prefill(done: count / 2, total: count, reused: count / 4)
    case 7..<12: return .progress(statistics)
    case 12..<16: return .delta(.reasoning, hostileText(&random, pieces: 3))
    default: return .delta(.answer, hostileText(&random, pieces: Int.random(in: 1..<6, using: &random)))
    }
  }

  private func reply(to effect: ChatEffect, fails: Bool, _ random: inout SplitMix64) -> ChatEvent? {
    switch effect {
    case .switchModel(let name):
      if fails { return .modelFailed(name: name, message: "\(name): the file is truncated") }
      let info = ModelInfo(name: name, quantisation: "Q4_K_M", contextLength: 4096, efforts: ["low", "high"])
      return .modelLoaded(info, ChatSettings())
    case .refreshModels:
      return .models(fails ? [] : ChatDriver.models, current: ChatDriver.model, settings: ChatSettings())
    case .inspect(let request, let message):
      if fails { return .inspectionFailed("no memory") }
      return .inspected(Self.tokens(request.messages.last?.content ?? "", &random), message: message)
    case .reportCaches: return .caches(fails ? CacheReport() : SnapshotTests.report)
    case .clearCaches: return .cachesCleared(fails ? nil : 1_000_000)
    case .listSessions: return .sessions(fails ? [] : SnapshotTests.sessions + summaries, at: 1_000_000)
    case .searchSessions(let text):
      let hits = saved.map {
        SessionHit(session: $0.id, title: "漢字", message: 0, role: .user, excerpt: "… \(text) \u{1B}[1m …")
      }
      return .sessionHits(fails ? [] : hits, text: text)
    case .openSession(let name, let request):
      guard !fails, let session = saved.randomElement(using: &random) else {
        return .sessionFailed("There is no session \(name).", request: request)
      }
      return .sessionOpened(session, request: request)
    case .findSession(let name):
      guard !fails, let session = summaries.randomElement(using: &random) else {
        return .sessionFailed("There is no session \(name).")
      }
      return .sessionFound(session)
    case .deleteSession(let id):
      return fails ? .sessionFailed("disk full") : .sessionDeleted(id, texts: ["word"])
    case .saveSession(let session):
      return .sessionSaved(
        session.id, fails ? .failed("disk full") : random.next() % 9 == 0 ? .copied(to: "copy") : .saved)
    case .activateSession(let session, _): return .sessionReady(session)
    case .pipe: return .note(fails ? "it failed" : "THE SEA\n", isError: fails)
    default: return Self.fileReply(to: effect, fails: fails, &random)
    }
  }

  private static func fileReply(to effect: ChatEffect, fails: Bool, _ random: inout SplitMix64) -> ChatEvent?
  {
    switch effect {
    case .listFiles(let typed):
      let items = ["Sources/", "Sources/a.swift", "漢字.txt", "\u{1B}[31m"].map {
        FileListing.Item(path: $0, isFolder: $0.hasSuffix("/"), bytes: 1234)
      }
      return .files(FileListing(typed: typed, items: fails ? [] : items))
    case .editDraft(let text):
      return .draftEdited(
        fails ? nil : hostileText(&random, pieces: 9) + text.prefix(100), problem: fails ? "no vi" : nil)
    case .loadDraft(let session): return .draftFound(Draft(hostileText(&random, pieces: 9)), session: session)
    case .loadPlace(let session):
      let rows = Int.random(in: 1...50, using: &random)
      return .placeFound(
        ReadingPlace(message: Int.random(in: 0..<20, using: &random), row: rows / 2, rows: rows),
        session: session)
    case .loadPreset(let name): return .presetLoaded(name, .success(UserSettings.Values()))
    case .savePreset(let name, _): return .presetSaved(name, problem: fails ? "disk full" : nil)
    case .saveSettings(let values): return .settingsSaved(values, problem: fails ? "disk full" : nil)
    default: return nil
    }
  }

  private var summaries: [SessionSummary] {
    saved.map { SessionSummary(id: $0.id, title: $0.title ?? "漢字", model: nil, messages: 3, saved: 999_000) }
  }

  private static func tokens(_ text: String, _ random: inout SplitMix64) -> [InspectedToken] {
    var tokens: [InspectedToken] = []
    let count = text.utf8.count
    var offset = 0
    while offset < count {
      let length = min(count - offset, Int.random(in: 1..<9, using: &random))
      tokens.append(
        InspectedToken(
          offset: offset, count: length, probability: random.uniform(),
          alternatives: [.init(text: hostileText(&random, pieces: 1), probability: random.uniform())]))
      offset += length
    }
    return tokens
  }
}
