/// Decodes the bytes of a terminal into keys, text and pastes. A pure state machine: bytes may come in any portions.
///
/// A lone escape byte looks like the start of a sequence: while `isPending`, call `timeout()` after about 40 ms without
/// input. Unknown sequences are skipped whole, so their bytes never become text.
package struct InputDecoder {
  private enum State {
    case ground
    case escape
    case control([UInt8])
    case singleShift
    /// OSC, DCS and similar strings, to their end (BEL, or ESC and a backslash), with their first bytes.
    case string([UInt8], afterEscape: Bool)
    case paste([UInt8])
  }

  /// The maximum bytes of a paste; the rest is dropped.
  package static let pasteLimit = 16 * 1024 * 1024
  private static let sequenceLimit = 64
  private static let pasteEnd: [UInt8] = Array("\u{1B}[201~".utf8)

  private var state = State.ground
  private var scalarBytes: [UInt8] = []
  private var scalarLength = 0
  private var text = ""
  private var events: [TerminalInput] = []
  /// The cell in which the first button of the mouse was pressed.
  private var pressed: [Int]?

  /// The number of outstanding cursor position reports. Without a request, "CSI 1;2R" is Shift-F3.
  package var expectedReports = 0

  package init() {}

  /// True while the bytes so far may be a complete key.
  package var isPending: Bool {
    switch state {
    case .escape, .control, .singleShift: true
    default: false
    }
  }

  /// Decodes bytes and returns the completed events.
  package mutating func feed(_ bytes: some Sequence<UInt8>) -> [TerminalInput] {
    for byte in bytes { decode(byte) }
    return drain()
  }

  /// Handles a pause in the input: a pending escape was the Esc key; an incomplete sequence is dropped.
  package mutating func timeout() -> [TerminalInput] {
    if case .escape = state { emit(.key(Key(.escape))) }
    if isPending { state = .ground }
    return drain()
  }

  private mutating func drain() -> [TerminalInput] {
    endText()
    defer { events = [] }
    return events
  }

  private mutating func endText() {
    if !text.isEmpty { events.append(.text(text)) }
    text = ""
  }

  private mutating func emit(_ event: TerminalInput) {
    endText()
    events.append(event)
  }

  private mutating func decode(_ byte: UInt8) {
    switch state {
    case .ground: ground(byte, [])
    case .escape: escape(byte)
    case .control(var parameters):
      if byte == 0x1B {
        state = .escape
      } else if (0x40...0x7E).contains(byte) && !(parameters.isEmpty && byte == 0x5B) {
        state = .ground
        finishControl(parameters, byte)
      } else if parameters.count < Self.sequenceLimit {
        parameters.append(byte)
        state = .control(parameters)
      }
    case .singleShift:
      state = .ground
      if let base = KeySequences.letter(byte) { emit(.key(Key(base))) }
    case .string(var bytes, let afterEscape):
      if byte == 0x07 || afterEscape && byte == 0x5C || byte == 0x18 {
        state = .ground
        if let color = TerminalBackground.color(inReport: bytes) { emit(color) }
      } else {
        if bytes.count < Self.sequenceLimit, byte != 0x1B { bytes.append(byte) }
        state = .string(bytes, afterEscape: byte == 0x1B)
      }
    case .paste(var collected):
      // Moved out, so that appending does not copy.
      state = .ground
      collected.append(byte)
      if byte == 0x7E && collected.suffix(Self.pasteEnd.count).elementsEqual(Self.pasteEnd) {
        collected.removeLast(Self.pasteEnd.count)
        emit(.paste(String(decoding: collected, as: UTF8.self)))
      } else {
        if collected.count > Self.pasteLimit + 64 {
          collected.removeSubrange(Self.pasteLimit..<Self.pasteLimit + 32)
        }
        state = .paste(collected)
      }
    }
  }

  private mutating func ground(_ byte: UInt8, _ modifiers: Key.Modifiers) {
    if scalarLength > 0 {
      if byte & 0xC0 == 0x80 {
        scalarBytes.append(byte)
        if scalarBytes.count == scalarLength { endScalar(modifiers) }
        return
      }
      endScalar(modifiers)
    }
    switch byte {
    case 0x1B: state = .escape
    case 0x00: emit(.key(Key(.character(" "), modifiers.union(.control))))
    case 0x09: emit(.key(Key(.tab, modifiers)))
    case 0x0D: emit(.key(Key(.enter, modifiers)))
    case 0x7F, 0x08: emit(.key(Key(.backspace, modifiers)))
    case 0x01..<0x1B:
      emit(.key(Key(.character(Character(Unicode.Scalar(byte + 0x60))), modifiers.union(.control))))
    case 0x1C..<0x20:
      emit(.key(Key(.character(Character(Unicode.Scalar(byte + 0x40))), modifiers.union(.control))))
    case 0x20..<0x7F:
      let character = Character(Unicode.Scalar(byte))
      if modifiers.isEmpty {
        text.append(character)
      } else {
        emit(.key(Key(.character(character), modifiers)))
      }
    case 0xC2..<0xF5:
      scalarBytes = [byte]
      scalarLength = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    default: text.append("\u{FFFD}")
    }
  }

  private mutating func endScalar(_ modifiers: Key.Modifiers) {
    // Invalid bytes become replacement characters.
    text += String(decoding: scalarBytes, as: UTF8.self)
    scalarBytes = []
    scalarLength = 0
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case 0x1B: emit(.key(Key(.escape)))
    case 0x5B: state = .control([])
    case 0x4F: state = .singleShift
    case 0x5D, 0x50, 0x58, 0x5E, 0x5F: state = .string([byte], afterEscape: false)
    case 0x80...:
      state = .ground
      ground(byte, [])
    default:
      state = .ground
      ground(byte, .alt)
    }
  }

  private mutating func finishControl(_ bytes: [UInt8], _ final: UInt8) {
    if bytes.first == 0x3C { return finishMouse(bytes.dropFirst(), final) }
    // Reports of the terminal about itself.
    if let first = bytes.first, (0x3D...0x3F).contains(first) { return }
    if bytes.first == 0x5B { return finishConsoleKey(final) }
    let parameters = KeySequences.numbers(bytes)
    if final == 0x52 && expectedReports > 0 && parameters.count == 2 {
      expectedReports -= 1
      emit(.cursorReport(row: parameters[0], column: parameters[1]))
    } else if final == 0x7E && parameters.first == 200 {
      state = .paste([])
    } else if let key = KeySequences.key(parameters, final) {
      // Text that the terminal sent as a sequence because of a modifier that is not used here.
      if case .character(let character) = key.base, key.modifiers.subtracting(.shift).isEmpty {
        text.append(character)
      } else {
        emit(.key(key))
      }
    }
  }

  // The Linux console sends F1 to F5 as ESC [ [ A to E.
  private mutating func finishConsoleKey(_ final: UInt8) {
    if (0x41...0x45).contains(final) { emit(.key(Key(.function(Int(final) - 0x40)))) }
  }

  private mutating func finishMouse(_ bytes: ArraySlice<UInt8>, _ final: UInt8) {
    let numbers = KeySequences.numbers(Array(bytes))
    guard numbers.count == 3, final == 0x4D || final == 0x6D else { return }
    let cell = Array(numbers[1...])
    switch (numbers[0], final == 0x4D) {
    case (64, true): emit(.wheel(-3))
    case (65, true): emit(.wheel(3))
    case (0, true): pressed = cell
    case (0, false):
      if let pressed, pressed != cell { emit(.drag) }
      pressed = nil
    default: break
    }
  }
}
