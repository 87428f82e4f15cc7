import Basics
import TerminalInterface

/// Random input of a terminal: keys of every kind, text, pastes, mouse and reports as bytes in random portions, broken
/// sequences among them.
struct RandomInput {
  private var decoder = InputDecoder()

  private static let sequences: [String] = [
    "\u{1B}[A", "\u{1B}[B", "\u{1B}[C", "\u{1B}[D", "\u{1B}OA", "\u{1B}OB", "\u{1B}[H", "\u{1B}[F",
    "\u{1B}[1~", "\u{1B}[2~", "\u{1B}[3~", "\u{1B}[4~", "\u{1B}[5~", "\u{1B}[6~", "\u{1B}[1;5A",
    "\u{1B}[1;5B", "\u{1B}[1;2A", "\u{1B}[1;5C", "\u{1B}[1;3D", "\u{1B}OP", "\u{1B}[11~", "\u{1B}OR",
    "\u{1B}[13~", "\u{1B}[1;2R", "\u{1B}[13;2~", "\u{1B}[Z", "\u{1B}\r", "\u{1B}b", "\u{1B}f", "\u{1B}d",
    "\u{1B}y", "\u{1B}z", "\u{1B}r", "\u{1B}s", "\u{1B}\u{7F}", "\u{1B}B", "\u{1B}[[A", "\u{1B}[27;5;9~",
    "\u{1B}[97;5u", "\u{1B}[<64;3;4M", "\u{1B}[<65;3;4M", "\u{1B}[<0;3;4M", "\u{1B}[<64;3;4m", "\u{1B}[I",
    "\u{1B}[O", "\u{1B}]11;rgb:ffff/ffff/ffff\u{1B}\\", "\u{1B}]11;rgb:00/00/00\u{7}", "\u{1B}[?62;22c",
    "\u{1B}[99999999999999999999;5H", "\u{1B}[;;;;~", "\u{1B}P1$r0m\u{1B}\\", "\u{1B}[200~\u{1B}[201~",
    "\r", "\r", "\r", "\t", "\t", "\u{7F}", "\u{7F}", "\u{1B}\u{1B}", "?", "y", "n", "q", "s", "|",
  ]

  private static let words = [
    "a", "word ", "the sea ", "漢字", "مرحبا ", "e\u{301}", "👨‍👩‍👧", "🇩🇪", "❤️", "\u{1F3FD}", "\u{200D}", "  ", "*",
    "`",
    "$x$ ", "@", "@Sou", "/", "//", "#", "|", "1", "ñandú ", "\u{202E}", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤", "한국어 ",
  ]

  private static let arguments = [
    "", "", "", "1", "2", "9", "0", "-1", "99999999999999999999", "next", "previous", "all", "show", "fold",
    "hide",
    "clear", "sea", "漢字", "night", "day", "mono", "nothing", "temperature 0", "top_k 3", "prose_width 40",
    "wheel on", "wheel off", "--save", "--save theme", "max_tokens 10", "summarise", "answer", "SmolLM2-135M",
    "gemma-3-270m", "gem", "other.json", "-", "high", "context_full drop", "history off",
    "2 What is the sea?",
    "tr a-z A-Z", "\u{1B}[31m", "Tests/*", "a title of several words",
  ]

  /// The next input; nothing while a sequence is incomplete.
  mutating func next(_ random: inout SplitMix64) -> [TerminalInput] {
    switch random.next() % 16 {
    case 0..<5: return feed(Self.sequences.randomElement(using: &random) ?? "", &random)
    case 5, 6: return decoder.feed([UInt8.random(in: 0..<32, using: &random)])
    case 7..<10: return feed(Self.words.randomElement(using: &random) ?? "", &random)
    case 10:
      return feed("\u{1B}[200~" + hostileText(&random, pieces: pieces(&random)) + "\u{1B}[201~", &random)
    case 11:
      // An incomplete sequence, and the pause behind it.
      let sequence = Array((Self.sequences.randomElement(using: &random) ?? "").utf8)
      let part = decoder.feed(sequence.prefix(Int.random(in: 0...sequence.count, using: &random)))
      return part + decoder.timeout()
    case 12: return decoder.feed((0..<3).map { _ in UInt8.random(in: 0...255, using: &random) })
    default: return feed(Self.command(&random), &random)
    }
  }

  /// A command with an argument of its own or another's, mostly with the key that clears the draft before it.
  private static func command(_ random: inout SplitMix64) -> String {
    let entry = CommandEntry.all.randomElement(using: &random)
    let argument = arguments.randomElement(using: &random) ?? ""
    let start = random.next() % 4 == 0 ? "" : "\u{1B}[F\u{15}"
    return start + "/\(entry?.name ?? "") \(argument)" + (random.next() % 5 == 0 ? "" : "\r")
  }

  private func pieces(_ random: inout SplitMix64) -> Int { random.next() % 8 == 0 ? 300 : 12 }

  // In one portion or byte by byte.
  private mutating func feed(_ text: String, _ random: inout SplitMix64) -> [TerminalInput] {
    guard random.next() % 4 == 0 else { return decoder.feed(text.utf8) }
    return text.utf8.flatMap { decoder.feed([$0]) }
  }
}
