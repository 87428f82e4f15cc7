import Basics

/// The error for a conversation that the harmony format cannot represent.
public struct HarmonyError: Error, Equatable, CustomStringConvertible {
  /// The problem and its position.
  public let description: String

  init(_ description: String) { self.description = printable(description, limit: 2000) }
}

/// The conversion of messages with `role` and `content` to harmony messages.
///
/// Leading `system` and `developer` messages become the developer instructions, as in the template of the model. An assistant's `thinking` (or `reasoning_content`) becomes a message on the analysis channel,
/// `content` one on the final channel, and each of `tool_calls` one on the commentary channel; `content` with
/// tool calls is analysis if there is no other, else a preamble on the commentary channel.
public struct HarmonyConversation: Sendable, Equatable {
  /// The messages, a system message first.
  public private(set) var messages: [HarmonyMessage]
  /// Which earlier reasoning is rendered.
  public var analysis: HarmonyRenderer.Analysis = .droppedBeforeFirstAnswer

  /// The names of the tools called so far, by the id of the call; the last one with the key "".
  private var called: [String: String] = [:]

  /// - Parameters:
  ///   - messages: an array of messages.
  ///   - tools: an array of functions, bare or as `{"type": "function", "function": ...}`.
  ///   - system: the system message.
  public init(messages: JSON, tools: JSON? = nil, system: HarmonySystem = HarmonySystem())
    throws(HarmonyError)
  {
    guard var rest = messages.asArray?[...] else { throw HarmonyError("the messages are not a JSON array") }
    self.messages = [HarmonyMessage(author: .system, content: .system(system))]
    var instructions: [String] = []
    while let first = rest.first, ["system", "developer"].contains(first["role"]?.asString) {
      instructions.append(try Self.text(first["content"], of: rest.startIndex))
      rest.removeFirst()
    }
    instructions.removeAll(where: \.isEmpty)
    let functions = try Self.tools(tools)
    if !instructions.isEmpty || !functions.isEmpty {
      let text = instructions.isEmpty ? nil : instructions.joined(separator: "\n\n")
      let developer = HarmonyDeveloper(instructions: text, tools: functions)
      self.messages.append(HarmonyMessage(author: .developer, content: .developer(developer)))
    }
    for index in rest.indices { try add(rest[index], index) }
  }

  /// The segments of the prompt.
  public func segments(completing: Bool = true) -> [HarmonySegment] {
    HarmonyRenderer.segments(of: messages, analysis: analysis, completing: completing)
  }

  // MARK: messages

  private mutating func add(_ message: JSON, _ index: Int) throws(HarmonyError) {
    let content = try Self.text(message["content"], of: index)
    switch message["role"]?.asString {
    case "system", "developer":
      messages.append(
        HarmonyMessage(author: .developer, content: .developer(HarmonyDeveloper(instructions: content))))
    case "user": messages.append(HarmonyMessage(.user, content))
    case "assistant": try addAnswer(message, content, index)
    case "tool": try addResult(message, content, index)
    case let role:
      throw HarmonyError(
        "message \(index + 1) has the role '\(role ?? "")'; it must be system, developer, user, assistant or tool"
      )
    }
  }

  private mutating func addAnswer(_ message: JSON, _ content: String, _ index: Int) throws(HarmonyError) {
    let names = ["thinking", "reasoning_content", "reasoning"]
    let thinking = names.lazy.compactMap { message[$0]?.asString }.first { !$0.isEmpty }
    let calls = message["tool_calls"]?.asArray ?? []
    if let thinking { messages.append(HarmonyMessage(.assistant, thinking, channel: "analysis")) }
    guard !calls.isEmpty else {
      if !content.isEmpty || thinking == nil {
        messages.append(HarmonyMessage(.assistant, content, channel: "final"))
      }
      return
    }
    if !content.isEmpty {
      messages.append(
        HarmonyMessage(.assistant, content, channel: thinking == nil ? "analysis" : "commentary"))
    }
    for call in calls {
      let function = call["function"] ?? call
      guard let name = function["name"]?.asString, !name.isEmpty else {
        throw HarmonyError("message \(index + 1) calls a tool without a name")
      }
      let recipient = Self.fullName(name)
      called[""] = recipient
      if let id = call["id"]?.asString { called[id] = recipient }
      let arguments = function["arguments"] ?? .object(JSONObject())
      messages.append(
        HarmonyMessage(
          .assistant, arguments.asString ?? arguments.text(JSONStyle(ensureASCII: false)),
          recipient: recipient,
          channel: "commentary", contentType: HarmonyMarker.constrain.rawValue + "json"))
    }
  }

  private mutating func addResult(_ message: JSON, _ content: String, _ index: Int) throws(HarmonyError) {
    let known = message["tool_call_id"]?.asString.flatMap { called[$0] }
    guard let name = message["name"]?.asString.map(Self.fullName) ?? known ?? called[""] else {
      throw HarmonyError("message \(index + 1) is a tool's result, but no tool was called before it")
    }
    messages.append(HarmonyMessage(.tool(name), content, recipient: "assistant", channel: "commentary"))
  }

  /// The name of a function with its namespace.
  private static func fullName(_ name: String) -> String { name.contains(".") ? name : "functions.\(name)" }

  /// The text of a content: a string, null, or an array of text parts.
  private static func text(_ content: JSON?, of index: Int) throws(HarmonyError) -> String {
    switch content {
    case .string(let text)?: return text
    case nil, .null?: return ""
    case .array(let parts)?:
      var text = ""
      for part in parts {
        guard let more = part.asString ?? part["text"]?.asString else {
          throw HarmonyError("message \(index + 1) has a part without text; this model reads only text")
        }
        text += more
      }
      return text
    default: throw HarmonyError("message \(index + 1) has a content that is neither text nor a list of parts")
    }
  }

  private static func tools(_ tools: JSON?) throws(HarmonyError) -> [HarmonyTool] {
    guard let tools, !tools.isNull else { return [] }
    guard let list = tools.asArray else { throw HarmonyError("the tools are not a JSON array") }
    var result: [HarmonyTool] = []
    for (index, entry) in list.enumerated() {
      let function = entry["function"] ?? entry
      guard let name = function["name"]?.asString else { throw HarmonyError("tool \(index + 1) has no name") }
      let parameters = function["parameters"].flatMap { $0.isNull ? nil : $0 }
      result.append(
        HarmonyTool(name: name, description: function["description"]?.asString ?? "", parameters: parameters))
    }
    return result
  }
}

extension HarmonySystem {
  /// The default content with these options: `reasoning_effort`, `date`, `model_identity` and
  /// `knowledge_cutoff`; the default date is today.
  public init(options: [String: JSON], today: String) throws(HarmonyError) {
    self.init(date: options["date"]?.asString ?? today)
    if let value = options["reasoning_effort"] {
      guard let effort = value.asString.flatMap({ HarmonyEffort(rawValue: $0.lowercased()) }) else {
        throw HarmonyError("reasoning_effort must be low, medium or high, not \(value.text())")
      }
      self.effort = effort
    }
    if let identity = options["model_identity"]?.asString { self.identity = identity }
    if let cutoff = options["knowledge_cutoff"]?.asString { knowledgeCutoff = cutoff }
  }
}
