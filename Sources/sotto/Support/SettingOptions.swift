import ArgumentParser
import TerminalInterface

/// The settings that a command has as options.
protocol SettingOptions: ParsableArguments {
  /// The given options.
  var texts: [SettingName: String] { get }
}

extension SettingOptions {
  /// The values of the options.
  var values: UserSettings.Values {
    texts.reduce(into: [:]) { values, option in
      values[option.key] = Setting.of(option.key).value(of: option.value)
    }
  }

  func validate() throws {
    for setting in Setting.all {
      guard let text = texts[setting.name], setting.value(of: text) == nil else { continue }
      let option = setting.name.rawValue.replacing("_", with: "-")
      throw ValidationError("--\(option) must be \(setting.expectation()), not '\(text)'")
    }
  }
}

/// Options for sampling. The default is the value in settings.toml, otherwise the recommendation of the model.
struct SamplingOptions: SettingOptions {
  @Option(help: "Divides the logits; 0 selects the most likely token.")
  var temperature: String?

  @Option(name: .customLong("top-p"), help: "Keep the most likely tokens up to this total probability.")
  var topP: String?

  @Option(name: .customLong("top-k"), help: "Keep this number of the most likely tokens; 0 keeps all.")
  var topK: String?

  @Option(
    name: .customLong("min-p"),
    help: "Keep tokens with this minimum probability relative to the most likely one.")
  var minP: String?

  @Option(help: "Reduces the probability of recent tokens; 1 disables it.")
  var repetitionPenalty: String?

  @Option(help: "Seed for sampling; the same seed gives the same text.")
  var seed: String?

  var texts: [SettingName: String] {
    [
      SettingName.temperature: temperature, .topP: topP, .topK: topK, .minP: minP,
      .repetitionPenalty: repetitionPenalty, .seed: seed,
    ].compactMapValues(\.self)
  }
}

/// The other settings of the chat as options; the default is the value in settings.toml.
struct ChatSettingOptions: SettingOptions {
  @Option(help: "Maximum number of tokens of an answer.")
  var maxTokens: String?

  @Option(help: "The reasoning effort, for models that have levels.")
  var effort: String?

  @Option(help: "The colours: the name of a theme.", completion: .theme)
  var theme: String?

  @Option(
    help: "How reasoning is shown: show, fold or hide.",
    completion: .list(ReasoningDisplay.allCases.map(\.rawValue)))
  var reasoning: String?

  @Option(help: "Maximum columns of text; 0 for the whole width.")
  var proseWidth: String?

  @Option(
    help: "When a message does not fit: ask, drop, summarise or stop.",
    completion: .list(ContextPolicy.allCases.map(\.rawValue)))
  var contextFull: String?

  @Flag(inversion: .prefixedNo, help: "Prefill the draft while it is typed.")
  var typingAhead: Bool?

  @Flag(inversion: .prefixedNo, help: "Let the model propose titles of conversations.")
  var titles: Bool?

  @Flag(inversion: .prefixedNo, help: "Scroll with the mouse wheel, and select text with Shift.")
  var wheel: Bool?

  @Flag(help: "Lines without a full screen, for screen readers.")
  var plain = false

  @Flag(inversion: .prefixedNo, help: "Save this chat and the sent messages on disk.")
  var history: Bool?

  @Option(help: "Additional folders with models, separated by colons.", completion: .directory)
  var folders: String?

  @Option(help: "GB of memory for prompt caches.")
  var cacheBudget: String?

  @Option(help: "GB on disk for the caches of conversations; 0 for none.")
  var cacheDisk: String?

  @Option(help: "GB of memory for the weights of models.")
  var modelBudget: String?

  var texts: [SettingName: String] {
    func text(_ flag: Bool?) -> String? { flag.map { $0 ? "on" : "off" } }
    return [
      SettingName.maxTokens: maxTokens, .effort: effort, .theme: theme, .reasoning: reasoning,
      .proseWidth: proseWidth, .contextFull: contextFull, .typingAhead: text(typingAhead),
      .titles: text(titles), .wheel: text(wheel), .plain: plain ? "on" : nil, .history: text(history),
      .folders: folders,
      .cacheBudget: cacheBudget, .cacheDisk: cacheDisk, .modelBudget: modelBudget,
    ].compactMapValues(\.self)
  }
}
