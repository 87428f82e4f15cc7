import Basics

/// A message of the harmony format: header and content.
public struct HarmonyMessage: Sendable, Equatable {
  /// The author of a message.
  public enum Author: Sendable, Equatable {
    case system
    case developer
    case user
    case assistant
    /// A tool, by its full name such as `functions.get_weather`.
    case tool(String)

    /// The name of the author in the header.
    public var name: String {
      switch self {
      case .system: "system"
      case .developer: "developer"
      case .user: "user"
      case .assistant: "assistant"
      case .tool(let name): name
      }
    }
  }

  /// The content of a message.
  public enum Content: Sendable, Equatable {
    case text(String)
    /// The description of the model; only in system messages.
    case system(HarmonySystem)
    /// Instructions and tools; only in developer messages.
    case developer(HarmonyDeveloper)
  }

  /// The author.
  public var author: Author
  /// The recipient, if it is not for all: the name of a tool, or `assistant` for the result of a tool.
  public var recipient: String?
  /// `analysis`, `commentary` or `final`; nil except for messages of the assistant and of tools.
  public var channel: String?
  /// The type of the content, such as `<|constrain|>json`.
  public var contentType: String?
  /// The content.
  public var content: Content

  /// A message.
  public init(
    author: Author, recipient: String? = nil, channel: String? = nil, contentType: String? = nil,
    content: Content
  ) {
    self.author = author
    self.recipient = recipient
    self.channel = channel
    self.contentType = contentType
    self.content = content
  }

  /// A message with a plain text.
  public init(
    _ author: Author, _ text: String, recipient: String? = nil, channel: String? = nil,
    contentType: String? = nil
  ) {
    self.init(
      author: author, recipient: recipient, channel: channel, contentType: contentType, content: .text(text))
  }
}

/// The reasoning effort.
public enum HarmonyEffort: String, Sendable, CaseIterable {
  case low, medium, high
}

/// The content of the system message.
public struct HarmonySystem: Sendable, Equatable {
  /// The identity of the model.
  public var identity: String? = "You are ChatGPT, a large language model trained by OpenAI."
  /// The end of its training data.
  public var knowledgeCutoff: String? = "2024-06"
  /// The current date, as 2026-11-22.
  public var date: String?
  /// The reasoning effort.
  public var effort: HarmonyEffort? = .medium
  /// The valid channels.
  public var channels = ["analysis", "commentary", "final"]

  /// The default content.
  public init(date: String? = nil, effort: HarmonyEffort? = .medium) {
    self.date = date
    self.effort = effort
  }
}

/// The content of a developer message.
public struct HarmonyDeveloper: Sendable, Equatable {
  /// The instructions: the system prompt of other formats.
  public var instructions: String?
  /// The functions that it may call.
  public var tools: [HarmonyTool]

  /// Instructions and tools.
  public init(instructions: String? = nil, tools: [HarmonyTool] = []) {
    self.instructions = instructions
    self.tools = tools
  }
}

/// A function that the model may call.
public struct HarmonyTool: Sendable, Equatable {
  /// The name, without a namespace.
  public var name: String
  /// The description.
  public var description: String
  /// A JSON schema of its parameters; nil for none.
  public var parameters: JSON?

  /// A function.
  public init(name: String, description: String, parameters: JSON? = nil) {
    self.name = name
    self.description = description
    self.parameters = parameters
  }
}
