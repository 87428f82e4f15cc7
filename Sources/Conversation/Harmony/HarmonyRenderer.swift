/// Renders messages in the harmony format, with the same segments as OpenAI's `openai-harmony` library. Linear in the
/// texts.
public enum HarmonyRenderer {
  /// Which earlier reasoning is part of the prompt.
  public enum Analysis: Sendable, Equatable {
    /// All of them.
    case kept
    /// None before the first final answer, if the last assistant message is a final answer: the default of
    /// `openai-harmony`.
    case droppedBeforeFirstAnswer
    /// None before the last final answer: the behaviour of the Jinja template of the model.
    case droppedBeforeLastAnswer
  }

  /// The segments of a conversation.
  ///
  /// - Parameters:
  ///   - analysis: which earlier reasoning is rendered.
  ///   - completing: whether to start the next assistant message.
  public static func segments(
    of messages: [HarmonyMessage], analysis: Analysis = .droppedBeforeFirstAnswer, completing: Bool = true
  ) -> [HarmonySegment] {
    let hasTools = messages.contains { message in
      if case .developer(let developer) = message.content { !developer.tools.isEmpty } else { false }
    }
    var writer = Writer()
    let answered = droppedEnd(messages, analysis)
    for (index, message) in messages.enumerated() where index >= answered || message.channel != "analysis" {
      writer.write(message, hasTools: hasTools)
    }
    if completing {
      writer.add(.start)
      writer.add("assistant")
    }
    return writer.segments
  }

  /// The start of reasoning in the output, after the start of the message.
  public static let thoughtStart: [HarmonySegment] = [
    .marker(.channel), .text("analysis"), .marker(.message),
  ]

  /// The end of reasoning.
  public static let thoughtEnd: [HarmonySegment] = [.marker(.end)]

  /// The end of the reasoning and the start of the answer, to end the reasoning early.
  public static let answerNow: [HarmonySegment] = [
    .marker(.end), .marker(.start), .text("assistant"), .marker(.channel), .text("final"), .marker(.message),
  ]

  /// The index before which reasoning is dropped.
  private static func droppedEnd(_ messages: [HarmonyMessage], _ analysis: Analysis) -> Int {
    let answer: Int?
    switch analysis {
    case .kept: answer = nil
    case .droppedBeforeFirstAnswer:
      let isAnswered = messages.last { $0.author == .assistant }?.channel == "final"
      answer = isAnswered ? messages.firstIndex { $0.channel == "final" } : nil
    case .droppedBeforeLastAnswer:
      answer = messages.lastIndex { $0.author == .assistant && $0.channel == "final" }
    }
    return answer ?? 0
  }

  private struct Writer {
    var segments: [HarmonySegment] = []

    mutating func add(_ marker: HarmonyMarker) { segments.append(.marker(marker)) }
    mutating func add(_ text: String) { if !text.isEmpty { segments.append(.text(text)) } }

    mutating func write(_ message: HarmonyMessage, hasTools: Bool) {
      add(.start)
      add(message.author.name)
      if let recipient = message.recipient, recipient != "all" { add(" to=\(recipient)") }
      if let channel = message.channel {
        add(.channel)
        add(channel)
      }
      if let type = message.contentType { add(contentType: type) }
      add(.message)
      switch message.content {
      case .text(let text): add(text)
      case .system(let system): add(HarmonyRenderer.text(of: system, hasTools: hasTools))
      case .developer(let developer): add(HarmonyRenderer.text(of: developer))
      }
      add(message.author == .assistant && message.recipient != nil ? .call : .end)
    }

    private mutating func add(contentType: String) {
      let marker = HarmonyMarker.constrain.rawValue
      guard contentType.hasPrefix(marker) else {
        add(" \(contentType)")
        return
      }
      add(" ")
      add(.constrain)
      add(String(contentType.dropFirst(marker.count)))
    }
  }

  // MARK: contents

  static func text(of system: HarmonySystem, hasTools: Bool) -> String {
    var head: [String] = []
    if let identity = system.identity { head.append(identity) }
    if let cutoff = system.knowledgeCutoff { head.append("Knowledge cutoff: \(cutoff)") }
    if let date = system.date { head.append("Current date: \(date)") }
    var sections = head.isEmpty ? [] : [head.joined(separator: "\n")]
    if let effort = system.effort { sections.append("Reasoning: \(effort.rawValue)") }
    if !system.channels.isEmpty {
      let channels = system.channels.joined(separator: ", ")
      sections.append(
        "# Valid channels: \(channels). Channel must be included for every message."
          + (hasTools ? "\nCalls to these tools must go to the commentary channel: 'functions'." : ""))
    }
    return sections.joined(separator: "\n\n")
  }

  static func text(of developer: HarmonyDeveloper) -> String {
    var sections: [String] = []
    if let instructions = developer.instructions { sections += ["# Instructions", instructions] }
    if !developer.tools.isEmpty {
      sections += ["# Tools", HarmonyTypeScript.namespace("functions", developer.tools)]
    }
    return sections.joined(separator: "\n\n")
  }
}
