/// Reading values from text and files.
extension Setting {
  /// Whether "auto" removes a value: then it depends on the model, the terminal or the machine.
  package var hasAuto: Bool {
    switch kind {
    case .text, .folders: false
    default: true
    }
  }

  /// Whether the values are numbers of a range.
  package var isNumber: Bool {
    switch kind {
    case .real, .integer: true
    default: false
    }
  }

  /// What the setting takes, for messages: "a number from 0 to 10".
  package func expectation(efforts: [String] = [], themes: [String] = []) -> String {
    switch kind {
    case .real(let range):
      return "a number from \(shortNumber(range.lowerBound)) to \(shortNumber(range.upperBound))"
    case .integer(let range):
      let end = range.upperBound >= 100_000_000 ? "" : " to \(range.upperBound)"
      return "a whole number from \(range.lowerBound)\(end)"
    case .numbers(let numbers): return numbers.map { String($0) }.joined(separator: " or ")
    case .toggle: return offersAuto ? "auto, on or off" : "on or off"
    case .choice(let words): return Self.alternatives(words)
    case .theme: return themes.isEmpty ? "the name of a theme" : Self.alternatives(["auto"] + themes)
    case .effort: return efforts.isEmpty ? "a reasoning effort" : Self.alternatives(["auto"] + efforts)
    case .text: return "a text"
    case .device: return "auto, cpu, cuda or cuda:N (see 'sotto devices')"
    case .folders: return "folders, separated by colons"
    }
  }

  private static func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) or \(last)"
  }

  /// The value of a text from `/set` or an option of a command; nil if it is invalid.
  package func value(of text: String) -> SettingValue? {
    if hasAuto, text.lowercased() == "auto" { return .auto }
    switch kind {
    case .real: return Double(text).flatMap { accepted(.real($0)) }
    case .integer, .numbers: return Int(text).flatMap { accepted(.integer($0)) }
    case .toggle:
      return ["on": true, "true": true, "off": false, "false": false][text.lowercased()].map { .flag($0) }
    case .choice, .theme, .effort: return accepted(.text(text.lowercased())) ?? accepted(.text(text))
    case .text: return .text(text)
    case .device: return accepted(.text(text.lowercased()))
    case .folders: return .list(text.split(separator: ":").map(String.init))
    }
  }

  /// The value as the setting stores it, for one from a file; nil if it is invalid.
  package func accepted(_ value: SettingValue) -> SettingValue? {
    if hasAuto, value == .auto || value == .text("auto") { return .auto }
    return switch (kind, value) {
    case (.real(let range), .real(let number)): range.contains(number) ? value : nil
    case (.real(let range), .integer(let number)):
      range.contains(Double(number)) ? .real(Double(number)) : nil
    case (.integer(let range), .integer(let number)): range.contains(number) ? value : nil
    case (.numbers(let numbers), .integer(let number)): numbers.contains(number) ? value : nil
    case (.choice(let words), .text(let word)): words.contains(word) ? value : nil
    case (.device, .text(let device)): Self.isDevice(device) ? value : nil
    case (.toggle, .flag), (.theme, .text), (.effort, .text), (.text, .text), (.folders, .list): value
    default: nil
    }
  }

  /// Whether a text names a device, as the option `--device` takes it.
  private static func isDevice(_ text: String) -> Bool {
    if text == "cpu" || text == "cuda" { return true }
    guard text.hasPrefix("cuda:"), let number = Int(text.dropFirst("cuda:".count)) else { return false }
    return (0..<1024).contains(number)
  }

  /// The values for completion; empty for numbers and texts.
  package func suggestions(efforts: [String], themes: [String] = []) -> [String] {
    switch kind {
    case .real, .text, .folders: []
    case .integer: [.seed, .maxTokens].contains(name) ? ["auto"] : []
    case .numbers(let numbers): numbers.map { String($0) }
    case .effort: efforts.isEmpty ? [] : ["auto"] + efforts
    case .toggle: (offersAuto ? ["auto"] : []) + ["on", "off"]
    case .device: ["auto", "cpu", "cuda"]
    case .choice(let words): words
    case .theme: themes
    }
  }
}
