import Conversation

/// The status line at the bottom. On a narrow screen the least important parts are omitted first; unknown values are
/// not shown.
package struct StatusLine {
  package var model: ModelInfo?
  package var loading: String?
  /// How much of it is loaded; nil if that is not known.
  package var loadingPercent: Int?
  package var turn: TurnProgress?
  package var download: ChatState.Download?
  /// The statistics of the current or the last turn.
  package var statistics: TurnStatistics?
  /// A short message that replaces everything else.
  package var flash: String?
  package var now: Double

  package init(
    model: ModelInfo?, loading: String? = nil, loadingPercent: Int? = nil, turn: TurnProgress? = nil,
    download: ChatState.Download? = nil, statistics: TurnStatistics? = nil,
    flash: String? = nil, now: Double = 0
  ) {
    self.model = model
    self.loading = loading
    self.loadingPercent = loadingPercent
    self.turn = turn
    self.download = download
    self.statistics = statistics
    self.flash = flash
    self.now = now
  }

  private struct Part {
    var text: String
    var role: StyleRole
    var isRight = false
  }

  /// The parts in the order in which they are omitted until the line fits.
  private enum Omission: CaseIterable {
    case hint, device, quantisation, ready, longName, reason, downloadTime, cache, firstToken, name
    case downloadSpeed, speed, context
    /// The reused tokens of a prompt that reused few, whose reason is shown.
    case reused
  }

  // Why nothing was reused is more important than the time that it took.
  private var omissions: [Omission] {
    isMiss
      ? [
        .hint, .device, .quantisation, .ready, .longName, .reused, .downloadTime, .firstToken, .reason,
        .cache,
        .name, .downloadSpeed, .speed, .context,
      ] : Omission.allCases.filter { $0 != .reused }
  }

  // The first prompt of all can reuse nothing.
  private var isMiss: Bool {
    guard let statistics, let reason = statistics.missReason, reason != "nothing cached yet" else {
      return false
    }
    return statistics.reusedTokens < statistics.newTokens
  }

  /// The columns of a name that leaves room for other parts.
  private static let shortName = 8

  /// The share of the context from which the line warns.
  package static let warningShare = 0.85

  /// The line for a screen of this width.
  package func line(width: Int) -> StyledLine {
    if let flash {
      return StyledLine([Span(" \(VisibleText.singleLine(flash))", .statusBusy)], fill: .status).truncated(
        to: width)
    }
    func columns(_ omitted: Set<Omission>) -> Int {
      self.parts(omitted).reduce(0) { $0 + CharacterWidth.columns(of: $1.text) + 3 } - 2
    }
    func fits(_ omitted: Set<Omission>) -> Bool { columns(omitted) <= width }
    var omitted: Set<Omission> = []
    var order: [Omission] = []
    var candidates = omissions[...]
    while !candidates.isEmpty, !fits(omitted) {
      let omission = candidates.removeFirst()
      omitted.insert(omission)
      order.append(omission)
    }
    // The omission of a long part may leave room for shorter ones.
    // The free columns belong to a shortened name rather than to the word for nothing to do.
    for omission in order.reversed() where fits(omitted.subtracting([omission])) {
      if omission != .ready || !omitted.contains(.longName) { omitted.remove(omission) }
    }
    let free = max(0, width - columns(omitted)) / (writer == nil ? 1 : 2)
    let parts = self.parts(omitted, nameColumns: Self.shortName + free)
    var line = StyledLine(fill: .status)
    line.append(" ", TextStyle(.status))
    let left = parts.filter { !$0.isRight }
    let right = parts.filter(\.isRight)
    append(left, to: &line)
    if !right.isEmpty {
      var end = StyledLine()
      append(right, to: &end)
      let space = max(left.isEmpty ? 0 : 2, width - line.columns - end.columns - 1)
      line.append(String(repeating: " ", count: space), TextStyle(.status))
      for span in end.spans { line.append(span.text, span.style) }
    }
    return line.truncated(to: width)
  }

  private func append(_ parts: [Part], to line: inout StyledLine) {
    for (index, part) in parts.enumerated() {
      if index > 0 { line.append(" │ ", TextStyle(.statusDim)) }
      line.append(part.text, TextStyle(part.role))
    }
  }

  private func parts(_ omitted: Set<Omission>, nameColumns: Int = shortName) -> [Part] {
    func name(_ name: String) -> String { self.name(name, omitted, nameColumns) }
    func has(_ part: Omission) -> Bool { !omitted.contains(part) }
    var parts: [Part] = []
    if has(.name) {
      var title = name(loading ?? model?.name ?? "no model")
      if has(.quantisation), has(.longName), loading == nil, let model, !model.quantisation.isEmpty,
        !model.name.lowercased().hasSuffix(model.quantisation.lowercased())
      {
        title += " · \(model.quantisation)"
      }
      if has(.device), loading == nil, let device = model?.device { title += " · \(Self.short(device))" }
      if writer != nil { title += loading == nil ? " next" : " \(loadingText)" }
      parts.append(Part(text: title, role: .status))
    }
    var (state, role) = state
    if !state.isEmpty, has(.ready) || turn != nil || loading != nil {
      if let writer { state = "\(name(writer.name)) \(state)" }
      if has(.hint), AnswerNowDecision.decide(turn) == .closeReasoning {
        state += " · \(Keymap.name(of: .answerNow)) answers now"
      }
      parts.append(Part(text: state, role: role))
    }
    if let download {
      parts.append(Part(text: text(of: download, omitted), role: .statusBusy, isRight: true))
    }
    guard let statistics else { return parts }
    if has(.speed), let speed = statistics.tokensPerSecond {
      parts.append(Part(text: "\(fixed(speed, speed < 10 ? 1 : 0)) tok/s", role: .status))
    }
    // The cache use is known only once the prompt was matched against the cache.
    if has(.cache), statistics.promptTokens > 0 {
      var cache = "new \(grouped(statistics.newTokens))"
      if has(.reused) || !has(.reason) { cache = "reused \(grouped(statistics.reusedTokens)) · \(cache)" }
      let why = [Self.source(of: statistics), statistics.missReason.map(VisibleText.singleLine)]
        .compactMap { $0 }.joined(separator: ", ")
      if has(.reason), !why.isEmpty { cache += " (\(why))" }
      parts.append(Part(text: cache, role: isMiss ? .statusWarning : .statusGood))
    }
    if has(.firstToken), let time = statistics.timeToFirstToken {
      parts.append(Part(text: "TTFT \(duration(time))", role: .status))
    }
    if has(.context), let model = writer ?? model, model.contextLength > 0, statistics.contextUsed > 0 {
      var text = "ctx \(tokenCount(statistics.contextUsed))/\(tokenCount(model.contextLength))"
      let share = Double(statistics.contextUsed) / Double(model.contextLength)
      let isNearEnd = share >= Self.warningShare
      if isNearEnd { text += " \(Int(share * 100))%" }
      if isNearEnd, has(.hint) { text += " · /compact" }
      parts.append(Part(text: text, role: isNearEnd ? .statusWarning : .statusDim, isRight: true))
    }
    return parts
  }

  // "pull 43% · 35 MB/s · 46 s left", or what is waited for.
  private func text(of download: ChatState.Download, _ omitted: Set<Omission>) -> String {
    if download.isStopping { return "pull stopping" }
    let progress = download.progress
    guard let share = progress.share else { return "pull connecting" }
    var parts = ["pull \(share)"]
    if !progress.note.isEmpty {
      if !omitted.contains(.downloadTime) { parts.append(VisibleText.singleLine(progress.note)) }
    } else {
      if !omitted.contains(.downloadSpeed), let speed = progress.speed {
        parts.append("\(byteSize(Int(speed)))/s")
      }
      if !omitted.contains(.downloadTime), let time = progress.remaining { parts.append("\(time) left") }
    }
    return parts.joined(separator: " · ")
  }

  private func name(_ name: String, _ omitted: Set<Omission>, _ columns: Int) -> String {
    let name = VisibleText.singleLine(name)
    guard omitted.contains(.longName) else { return name }
    // A name that ends in its quantisation keeps this end: "SmolLM2-135M…Q4_1".
    let end = (writer?.name == name ? writer : model)?.quantisation ?? ""
    let isKept = !end.isEmpty && name.lowercased().hasSuffix(end.lowercased())
    guard isKept, columns > end.count + 6, CharacterWidth.columns(of: name) > columns else {
      return StyledLine(name, .status).truncated(to: columns).text
    }
    return StyledLine(name, .status).truncated(to: columns - end.count).text + name.suffix(end.count)
  }

  // "NVIDIA GeForce RTX 4090" without the maker.
  private static func short(_ device: String) -> String {
    let name = VisibleText.singleLine(device)
    return name.hasPrefix("NVIDIA ") ? String(name.dropFirst(7)) : name
  }

  // The model of the current answer, if it is not the model of the next message, with which the line starts.
  private var writer: ModelInfo? {
    guard let writer = turn?.model, writer.name != loading ?? model?.name else { return nil }
    return writer
  }

  // The source of the reused tokens, unless it is the usual one.
  private static func source(of statistics: TurnStatistics) -> String? {
    guard statistics.reusedTokens > 0 else { return nil }
    switch statistics.reuse {
    case nil, .prefix, .nothing: return nil
    case .snapshot, .typedAhead: return statistics.reuse?.rawValue
    case .disk: return "from disk"
    }
  }

  private var state: (String, StyleRole) {
    if turn?.isStopping == true { return ("stopping", .statusBusy) }
    switch turn?.phase {
    // Not "idle": the engine may be prefilling ahead.
    case nil: return loading == nil ? (model == nil ? "" : "ready", .statusDim) : (loadingText, .statusBusy)
    case .loading: return (loadingText, .statusBusy)
    case .waiting: return ("waiting", .statusBusy)
    case .thinking: return (turn?.answerNowRequested == true ? "ending reasoning" : "thinking", .statusBusy)
    case .writing: return ("writing", .statusBusy)
    case .prefill(let done, let total, _):
      let share = total > 0 ? Double(min(done, total)) / Double(total) * 100 : 0
      var text = "prefill \(Int(share))%"
      if let seconds = turn?.remaining(now: now), seconds >= 0.5 { text += " · eta \(eta(seconds))" }
      return (text, .statusBusy)
    }
  }

  private var loadingText: String { "loading" + (loadingPercent.map { " \($0)%" } ?? "") }

  // Whole seconds: the estimate is no more precise.
  private func eta(_ seconds: Double) -> String {
    seconds < 60 ? "\(Int(seconds.rounded(.up))) s" : duration(seconds)
  }
}
