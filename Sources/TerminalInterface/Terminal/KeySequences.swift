/// The meaning of the control sequences of keys: those of xterm, rxvt, the Linux console, and the two protocols that
/// distinguish Shift-Enter from Enter (CSI u, and xterm's modifyOtherKeys).
package enum KeySequences {
  /// The key for the final letter of CSI and SS3 sequences.
  package static func letter(_ byte: UInt8) -> Key.Base? {
    switch byte {
    case 0x41: .up
    case 0x42: .down
    case 0x43: .right
    case 0x44: .left
    case 0x46: .end
    case 0x48: .home
    case 0x4D: .enter
    case 0x50...0x53: .function(Int(byte) - 0x4F)
    default: nil
    }
  }

  /// The key for sequences that end in a tilde.
  package static func tilde(_ number: Int) -> Key.Base? {
    switch number {
    case 1, 7: .home
    case 2: .insert
    case 3: .delete
    case 4, 8: .end
    case 5: .pageUp
    case 6: .pageDown
    case 11...15: .function(number - 10)
    case 17...21: .function(number - 11)
    case 23, 24: .function(number - 12)
    default: nil
    }
  }

  /// The key for a control sequence; nil if it is unknown.
  package static func key(_ parameters: [Int], _ final: UInt8) -> Key? {
    let first = parameters.first ?? 1
    let held = modifiers(parameters.count > 1 ? parameters[1] : 1)
    switch final {
    case 0x7E where first == 27 && parameters.count == 3: return coded(parameters[2], held)
    case 0x7E: return tilde(first).map { Key($0, held) }
    case 0x75: return coded(first, held)
    case 0x5A: return Key(.tab, .shift)
    // rxvt with shift.
    case 0x61...0x64: return letter(final - 0x20).map { Key($0, .shift) }
    default: return letter(final).map { Key($0, held) }
    }
  }

  /// The decimal parameters between semicolons, without sub-parameters after a colon. Never overflows.
  package static func numbers(_ bytes: [UInt8]) -> [Int] {
    bytes.split(separator: 0x3B, omittingEmptySubsequences: false).map { part in
      var number = 0
      for byte in part {
        guard (0x30...0x39).contains(byte), number < 1_000_000 else { break }
        number = number * 10 + Int(byte - 0x30)
      }
      return number
    }
  }

  private static func modifiers(_ parameter: Int) -> Key.Modifiers {
    guard parameter > 1 else { return [] }
    return Key.Modifiers(rawValue: UInt8((parameter - 1) & 7))
  }

  // The key for a character code.
  private static func coded(_ code: Int, _ held: Key.Modifiers) -> Key? {
    switch code {
    case 9: return Key(.tab, held)
    case 13: return Key(.enter, held)
    case 27: return Key(.escape, held)
    case 127, 8: return Key(.backspace, held)
    case 0x20..<0xE000:
      guard let scalar = Unicode.Scalar(UInt32(code)) else { return nil }
      return Key(.character(Character(scalar)), held)
    default: return nil
    }
  }
}
