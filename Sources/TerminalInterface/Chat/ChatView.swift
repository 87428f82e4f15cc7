/// The whole screen as lines: transcript or help, a rule, the menu, the composer, the status line. A pure function of
/// the state, the size, and the rows of the transcript.
package struct ChatView {
  package let state: ChatState
  package let size: ScreenSize
  /// Renders answers that are compared.
  var comparison: ComparisonRenderer?

  /// The mark before the draft.
  private static let mark = "› "

  /// Columns for the draft.
  package var composerWidth: Int { max(2, size.columns - 2) }

  /// Rows of the transcript.
  package var transcriptHeight: Int { height(above: lower(state.menu)) }

  /// The frame.
  package func frame(transcript: TranscriptRenderer) -> Frame {
    let menu = state.menu
    let lower = lower(menu)
    let height = height(above: lower)
    var lines = upper(transcript, height)
    while lines.count < height { lines.append(StyledLine()) }
    if hasRule { lines.append(rule(menu)) }
    lines += lower.queue
    lines += lower.menu
    let composerTop = lines.count
    lines += lower.composer.lines
    lines += lower.status
    // A screen that is too small for all shows the end.
    let cut = max(0, lines.count - size.rows)
    var cursor = lower.composer.cursor
    cursor.row = max(0, cursor.row + composerTop - cut)
    return Frame(lines: Array(lines.suffix(size.rows)), cursor: cursor)
  }

  /// The rows below the rule. They decide how many are left for the transcript, so they are made first, once per frame.
  private struct Lower {
    var queue: [StyledLine]
    var menu: [StyledLine]
    var composer: (lines: [StyledLine], cursor: Frame.Position)
    var status: [StyledLine]
  }

  private func lower(_ menu: Menu?) -> Lower {
    Lower(queue: queueRows, menu: rows(of: menu), composer: composer, status: statusRows)
  }

  private func height(above lower: Lower) -> Int {
    let taken = lower.composer.lines.count + lower.menu.count + lower.queue.count + lower.status.count
    return max(0, size.rows - taken - (hasRule ? 1 : 0))
  }

  private func upper(_ transcript: TranscriptRenderer, _ height: Int) -> [StyledLine] {
    if let scroll = state.helpScroll {
      return Array(HelpText.lines(width: size.columns).dropFirst(scroll).prefix(height))
    }
    if let shown = state.comparison, let comparison {
      return comparison.rows(
        shown, state.conversation, reasoning: state.reasoning,
        size: ScreenSize(rows: height, columns: size.columns))
    }
    if let inspector = state.inspector {
      return InspectorView(inspector: inspector, width: size.columns, height: height).lines
    }
    if transcript.entryCount == 0 { return Array(welcome.prefix(height)) }
    return transcript.rows(from: state.scroll.top(transcript, height: height), height: height)
  }

  private var welcome: [StyledLine] {
    let others = state.models.count { $0.name != state.model?.name }
    var texts = ["Type a message and press Enter. / lists the commands, F1 shows the keys."]
    if !state.knowsModels {
      // The next frame says more.
    } else if state.model == nil, state.loading == nil {
      let source =
        state.canDownload ? "/pull downloads one, /model PATH loads a file" : "/model PATH loads a file"
      texts = ["There is no model yet: \(source). / lists the commands, F1 shows the keys."]
    } else if others > 0 {
      texts.append(
        "\(others == 1 ? "Another model is" : "\(others) other models are") here: /model switches.")
    } else if state.canDownload {
      texts.append("/pull downloads other models.")
    }
    return [StyledLine()] + texts.flatMap { LineWrapper(width: size.columns).wrap($0, .dim) }
  }

  private var hasRule: Bool { size.rows >= 8 }

  private func rule(_ menu: Menu?) -> StyledLine {
    var hint = ""
    if let menu, menu.items.count > menuLimit {
      hint = " \(menuLimit) of \(menu.items.count) · Down shows more "
    } else if state.helpScroll != nil {
      hint = " Esc closes · PgDn scrolls "
    } else if let comparison = state.comparison {
      hint = comparison.hint(width: size.columns - 2)
    } else if state.scroll != .live {
      hint = state.turn == nil ? " End scrolls to the end " : " End follows the answer "
    } else if state.editing != nil {
      hint = " editing "
    }
    let columns = max(0, size.columns - CharacterWidth.columns(of: hint) - 2)
    let line = StyledLine([
      Span("──", .rule), Span(hint, .accent), Span(String(repeating: "─", count: columns), .rule),
    ])
    return line.truncated(to: size.columns)
  }

  // The status line; a message that is too long for one row is wrapped.
  private var statusRows: [StyledLine] {
    let message = state.question?.text ?? state.flash?.text
    if let message, size.rows >= 8 {
      let margin = [Span(" ", .statusBusy)]
      let wrapper = LineWrapper(width: size.columns, hanging: margin)
      let rows = wrapper.wrap([Span(VisibleText.singleLine(message), .statusBusy)], first: margin)
      // A question must be read to its end.
      let limit = size.rows / (state.question == nil ? 3 : 2)
      if rows.count > 1 { return rows.prefix(limit).map { StyledLine($0.spans, fill: .status) } }
    }
    let line = StatusLine(
      model: state.model, loading: state.loading, loadingPercent: state.loadingPercent, turn: state.turn,
      download: state.download,
      statistics: state.statistics, flash: message, now: state.now)
    return [line.line(width: size.columns)]
  }

  // The messages that wait for the end of the answer.
  private var queueRows: [StyledLine] {
    guard !state.queued.isEmpty else { return [] }
    var rows = state.queued.prefix(3).map { draft in
      StyledLine([
        Span("  waits: ", .dim), Span(VisibleText.singleLine(String(draft.text.prefix(300))), .dim),
      ]).truncated(to: size.columns)
    }
    let more = state.queued.count > 3 ? "\(state.queued.count - 3) more; " : ""
    rows.append(StyledLine("  \(more)Up takes the last one back", .dim).truncated(to: size.columns))
    return Array(rows.suffix(max(1, size.rows / 4)))
  }

  // MARK: Menu

  private var menuLimit: Int { max(1, min(8, size.rows / 3)) }

  // The columns of the titles. If a row has no room for both, the names of commands need a third: the details explain
  // them.
  private func titleWidth(of items: ArraySlice<Menu.Item>, isCommand: Bool) -> Int {
    let title = items.map { CharacterWidth.columns(of: $0.title) }.max() ?? 0
    let detail = items.map { CharacterWidth.columns(of: $0.detail) }.max() ?? 0
    guard isCommand else { return min(title, max(size.columns / 2, size.columns - detail - 4)) }
    return min(title, max(20, size.columns / 3, size.columns - detail - 4), size.columns / 2)
  }

  private func rows(of menu: Menu?) -> [StyledLine] {
    guard let menu else { return [] }
    let limit = menuLimit
    let selected = state.selection(in: menu)
    let first = max(0, min(selected - limit / 2, menu.items.count - limit))
    let shown = menu.items[first..<min(menu.items.count, first + limit)]
    let width = titleWidth(of: shown, isCommand: menu.command == nil)
    return shown.enumerated().map { index, item in
      let isSelected = first + index == selected
      let role = isSelected ? StyleRole.menuSelected : .menu
      let title = StyledLine([Span(item.title, role)]).truncated(to: width)
      var line = StyledLine([Span(isSelected ? "▸ " : "  ", role)], fill: role)
      for span in title.spans { line.append(span.text, span.style) }
      line.append(String(repeating: " ", count: max(0, width - title.columns) + 2), TextStyle(role))
      line.append(item.detail, TextStyle(isSelected ? .menuSelected : .menuDetail))
      return line.truncated(to: size.columns)
    }
  }

  // MARK: Composer

  private var composer: (lines: [StyledLine], cursor: Frame.Position) {
    if let search = state.search { return searchRows(search) }
    let layout = ComposerLayout(state.draft, width: composerWidth)
    let limit = max(1, size.rows / 3)
    let cursor = layout.cursor
    // The visible rows always include the cursor.
    let first = max(0, min(cursor.row - limit + 1, layout.rows.count - limit))
    let shown = first..<min(layout.rows.count, first + limit)
    let lines = shown.map { row in
      let lead = Span(row == 0 ? Self.mark : "  ", .prompt)
      return StyledLine([lead] + layout.line(row).spans).truncated(to: size.columns)
    }
    let position = Frame.Position(row: cursor.row - first, column: min(cursor.column + 2, size.columns - 1))
    guard state.draft.isEmpty else { return (lines, position) }
    let idle = state.turn == nil ? "Message" : "Esc stops the answer · Enter queues a message"
    let hint = state.comparison == nil ? idle : "Enter keeps the marked answer"
    let line = StyledLine([Span(Self.mark, .prompt), Span(hint, .placeholder)]).truncated(to: size.columns)
    return ([line], position)
  }

  private func searchRows(_ search: HistorySearch) -> (lines: [StyledLine], cursor: Frame.Position) {
    let found = search.found(in: state.history.entries)
    let isMissing = found == nil && !search.query.isEmpty
    var line = StyledLine([Span(isMissing ? "not found: " : "search: ", isMissing ? .error : .prompt)])
    line.append(VisibleText.singleLine(search.query), TextStyle(.composer))
    let column = min(line.columns, size.columns - 1)
    let row = StyledLine([Span("  ", .prompt), Span(VisibleText.singleLine(found ?? ""), .dim)])
    return (
      [line.truncated(to: size.columns), row.truncated(to: size.columns)],
      Frame.Position(row: 0, column: column)
    )
  }
}
