import Conversation

/// Renders the visible part of the transcript. It caches the rows of entries; everything else depends on its arguments
/// only. Only visible entries, and those passed while scrolling, are laid out; those not used for a while are released,
/// so that the memory does not grow with the transcript.
package final class TranscriptRenderer {
  private struct Kept {
    var layout = EntryLayout()
    /// The number of the last call of `show` after which it was used.
    var used = 0
  }

  private var layouts: [Int: Kept] = [:]
  private var source: Source?
  private var shows = 0

  /// The number of laid out entries beyond which unused ones are released.
  package static let keptLayouts = 200

  /// The input of the renderer.
  package struct Source {
    package var entries: [TranscriptEntry]
    package var conversation: MessageTree
    package var width: Int
    package var reasoning: ReasoningDisplay
    /// The message of the current answer.
    package var streaming: MessageTree.ID?
    package var options = RenderOptions()
    /// The text to mark in the visible rows.
    package var marked: String?
    /// The message that a search has found, which is not folded: its text may be in a hidden row.
    package var found: MessageTree.ID?
    package var selection: ChatState.Selection?
  }

  /// Sets the input of the next calls. O(1), apart from the release of entries.
  package func show(_ source: Source) {
    shows += 1
    if layouts.count > Self.keptLayouts {
      let oldest = shows - 8
      layouts = layouts.filter { $0.value.used >= oldest }
    }
    self.source = source
  }

  /// The number of entries whose rows are kept.
  package var layoutCount: Int { layouts.count }

  /// Releases the input, so that the conversation can be mutated in place until the next frame.
  package func releaseSource() { source = nil }

  /// The number of entries.
  package var entryCount: Int { source?.entries.count ?? 0 }

  /// The rows of an entry.
  package func rowCount(_ index: Int) -> Int { layout(index)?.count ?? 0 }

  /// One row of an entry.
  package func row(_ index: Int, _ row: Int) -> StyledLine {
    guard let layout = layout(index), row < layout.count else { return StyledLine() }
    return layout[row]
  }

  /// The visible rows from a position.
  package func rows(from top: ScrollPosition.Top, height: Int) -> [StyledLine] {
    var rows: [StyledLine] = []
    var entry = top.entry
    var row = top.row
    while rows.count < height && entry < entryCount {
      guard let layout = layout(entry) else { break }
      let selected = selectedRows(in: entry, layout)
      while row < layout.count && rows.count < height {
        rows.append(selected.contains(row) ? layout[row].selected : layout[row])
        row += 1
      }
      entry += 1
      row = 0
    }
    if let marked = source?.marked { return rows.map { $0.marking(marked) } }
    return rows
  }

  /// The rows of a selection in the entry of its message.
  package func rows(of selection: ChatState.Selection, in entry: Int) -> Range<Int> {
    layout(entry).map { $0.rows(ofCode: selection.code) } ?? 0..<0
  }

  private func selectedRows(in index: Int, _ layout: EntryLayout) -> Range<Int> {
    guard let source, let selection = source.selection,
      source.entries[index].content == .message(selection.message)
    else { return 0..<0 }
    return layout.rows(ofCode: selection.code)
  }

  // Updates the layout of an entry and returns it. Called several times per frame: an unchanged entry costs a few
  // comparisons.
  private func layout(_ index: Int) -> EntryLayout? {
    guard let source, source.entries.indices.contains(index) else { return nil }
    let entry = source.entries[index]
    // Removed from the dictionary while it is changed, so that its rows are not copied.
    var kept = layouts.removeValue(forKey: entry.id) ?? Kept()
    kept.used = shows
    switch entry.content {
    case .notice(let text, let role):
      kept.layout.update(notice: text, role: role, width: source.width, options: source.options)
    case .message(let id):
      guard let message = source.conversation[id] else {
        kept.layout = EntryLayout()
        break
      }
      if message.role == .assistant {
        kept.layout.update(
          answer: message, width: source.width, reasoning: source.reasoning,
          label: label(of: message, at: index, source), siblings: Self.siblings(of: id, source.conversation),
          isStreaming: id == source.streaming, options: source.options)
      } else {
        kept.layout.update(
          user: message.content, width: source.width,
          siblings: Self.siblings(of: id, source.conversation),
          folds: source.reasoning != .show && id != source.found,
          options: source.options)
      }
    }
    layouts[entry.id] = kept
    return kept.layout
  }

  // The place of a message among its versions; nil when there is only one.
  private static func siblings(of id: MessageTree.ID, _ tree: MessageTree) -> String? {
    let all = tree.siblings(of: id)
    guard all.count > 1, let place = all.firstIndex(of: id) else { return nil }
    return "\(place + 1)/\(all.count)"
  }

  // A model is named if it is not the model of the previous answer.
  private func label(of message: Message, at index: Int, _ source: Source) -> String? {
    guard let model = message.model else { return nil }
    for entry in source.entries[..<index].reversed() {
      if case .message(let id) = entry.content, let earlier = source.conversation[id],
        earlier.role == .assistant
      {
        return earlier.model == model ? nil : model
      }
    }
    return model
  }
}
