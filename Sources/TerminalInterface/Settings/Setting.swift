/// The names of the settings, as in settings.toml, in presets and in `/set`; options have dashes for underscores.
package enum SettingName: String, Sendable, CaseIterable {
  case temperature
  case topP = "top_p"
  case topK = "top_k"
  case minP = "min_p"
  case repetitionPenalty = "repetition_penalty"
  case seed
  case maxTokens = "max_tokens"
  case effort
  case systemPrompt = "system_prompt"
  case theme, reasoning
  case proseWidth = "prose_width"
  case contextFull = "context_full"
  case typingAhead = "typing_ahead"
  case titles, wheel, plain, model, draft, folders, history, threads, device
  case cacheBudget = "cache_budget"
  case cacheBits = "cache_bits"
  case cacheDisk = "cache_disk"
  case modelBudget = "model_budget"
}

/// An entry of the settings table, which drives settings.toml, presets, `/set`, completion, help and `sotto config`.
package struct Setting: Sendable {
  /// The type and range of its values.
  package enum Kind: Sendable {
    case real(ClosedRange<Double>)
    case integer(ClosedRange<Int>)
    case numbers([Int])
    /// "on" or "off"; true or false in a file.
    case toggle
    case choice([String])
    /// The name of a theme.
    case theme
    /// One of the model's reasoning effort levels.
    case effort
    case text
    /// What computes: `cpu`, `cuda` or `cuda:N`.
    case device
    /// Paths of folders.
    case folders
  }

  /// What a change affects.
  package enum Scope: Sendable {
    /// The next answer.
    case answers
    /// The screen, at once.
    case interface
    /// The next start of the program.
    case start
  }

  package let name: SettingName
  package let summary: String
  package let kind: Kind
  package var scope = Scope.answers
  /// The built-in value; nil if it depends on the model, the terminal or the machine ("auto").
  package var initial: SettingValue?
  /// Whether "auto" is a value of its own beside the built-in one.
  package var keepsAuto = false
  /// Whether "auto" is one of the values, for messages and completion.
  package var offersAuto: Bool { initial == nil || keepsAuto }
  /// Whether a value stands for the built-in one: "auto" where that is not a value of its own.
  package func isInitial(_ value: SettingValue) -> Bool { value == .auto && !keepsAuto }

  /// Every setting, in the order of help.
  package static let all: [Setting] = [
    Setting(
      name: .temperature, summary: "randomness of sampling; 0 always selects the most likely token",
      kind: .real(0...100)),
    Setting(
      name: .topP, summary: "sample from the most likely tokens up to this total probability",
      kind: .real(0...1)),
    Setting(
      name: .topK, summary: "sample from the k most likely tokens; 0 for all", kind: .integer(0...1_000_000)),
    Setting(
      name: .minP, summary: "drop tokens below this fraction of the highest probability", kind: .real(0...1)),
    Setting(
      name: .repetitionPenalty, summary: "values above 1 make repetition less likely",
      kind: .real(0.01...100)),
    Setting(
      name: .seed, summary: "seed of sampling, for repeatable answers; auto for a new one each turn",
      kind: .integer(0...Int.max)),
    Setting(
      name: .maxTokens, summary: "maximum length of an answer; auto for as long as the context allows",
      kind: .integer(1...100_000_000)),
    Setting(name: .effort, summary: "reasoning effort, for models that have levels", kind: .effort),
    Setting(
      name: .systemPrompt, summary: "instructions before the conversation", kind: .text, scope: .interface),
    Setting(
      name: .theme, summary: "the colours; auto follows the background of the terminal", kind: .theme,
      scope: .interface),
    Setting(
      name: .reasoning, summary: "how reasoning is shown: show, fold or hide",
      kind: .choice(ReasoningDisplay.allCases.map(\.rawValue)), scope: .interface,
      initial: .text(ReasoningDisplay.fold.rawValue)),
    Setting(
      name: .proseWidth, summary: "maximum columns of text; 0 for the whole width",
      kind: .integer(0...1000), scope: .interface, initial: .integer(RenderOptions().proseWidth)),
    Setting(
      name: .contextFull,
      summary: "when a message does not fit: ask, drop the oldest turns, summarise them, or stop",
      kind: .choice(ContextPolicy.allCases.map(\.rawValue)), scope: .interface,
      initial: .text(ContextPolicy.ask.rawValue)),
    Setting(
      name: .typingAhead, summary: "prefill the draft while you type, so that answers start sooner",
      kind: .toggle, initial: .flag(true)),
    Setting(
      name: .titles, summary: "let the model propose titles of conversations while it is idle",
      kind: .toggle, scope: .interface, initial: .flag(true)),
    Setting(
      name: .wheel,
      summary:
        "scroll with the mouse wheel, and select text with Shift; auto for terminals that are known to select so",
      kind: .toggle, scope: .interface, initial: .flag(false), keepsAuto: true),
    Setting(
      name: .plain, summary: "lines without a full screen, for screen readers", kind: .toggle, scope: .start,
      initial: .flag(false)),
    Setting(name: .model, summary: "the model to start with when none is named", kind: .text, scope: .start),
    Setting(
      name: .draft, summary: "a smaller model with the same vocabulary that proposes tokens", kind: .text,
      scope: .start),
    Setting(
      name: .folders, summary: "additional folders with models", kind: .folders, scope: .start,
      initial: .list([])),
    Setting(
      name: .history, summary: "save conversations and sent messages", kind: .toggle, scope: .start,
      initial: .flag(true)),
    Setting(
      name: .threads, summary: "number of threads; auto for one per core", kind: .integer(1...256),
      scope: .start),
    Setting(
      name: .device,
      summary: "what computes: cpu, cuda or cuda:N; auto for a GPU if the model fits on one", kind: .device,
      scope: .start),
    Setting(
      name: .cacheBudget, summary: "GB of memory for prompt caches; auto for a quarter of the memory",
      kind: .real(0...1e6), scope: .start),
    Setting(
      name: .cacheBits, summary: "bits per value in the key-value cache: 16, or 8 for half the memory",
      kind: .numbers([8, 16]), scope: .start, initial: .integer(16)),
    Setting(
      name: .cacheDisk, summary: "GB on disk for the caches of conversations; 0 for none",
      kind: .real(0...1e6), scope: .start, initial: .real(4)),
    Setting(
      name: .modelBudget,
      summary: "GB of memory for the weights of models; auto for three quarters of the memory",
      kind: .real(0...1e6), scope: .start),
  ]

  /// The setting with this name.
  package static func of(_ name: SettingName) -> Setting {
    all.first { $0.name == name } ?? Setting(name: name, summary: "", kind: .text)
  }

  /// The setting with this name; dashes count as underscores.
  package static func named(_ name: String) -> Setting? {
    let wanted = String(name.lowercased().map { $0 == "-" ? "_" : $0 })
    return all.first { $0.name.rawValue == wanted }
  }
}

/// What happens when a message does not fit into the context.
package enum ContextPolicy: String, Sendable, CaseIterable {
  /// The user is asked, once.
  case ask
  /// The oldest turns are dropped from what the model sees.
  case drop
  /// The model summarises the oldest turns.
  case summarise
  /// The message goes back to the composer.
  case stop
}
