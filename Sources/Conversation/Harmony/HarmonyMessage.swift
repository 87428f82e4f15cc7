import Checkpoints

/// A message of the harmony format: header and content.
public struct HarmonyMessage: Sendable, Equatable {
  /// Who writes a message.
  public enum Author: Sendable, Equatable {
    case system
    case developer
    case user
    case assistant
    /// A tool, by its full name such as `functions.get_weather`.
    case tool(String)

    /// How the header names the author.
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

  /// What a message says.
  public enum Content: Sendable, Equatable {
    case text(String)
    /// What the model is told about itself; only in system messages.
    case system(HarmonySystem)
    /// Instructions and tools; only in developer messages.
    case developer(HarmonyDeveloper)
  }

  /// Who writes it.
  public var author: Author
  /// To whom it goes, where not to all: a tool's name, or `assistant` for a tool's result.
  public var recipient: String?
  /// `analysis`, `commentary` or `final`; nil outside the assistant's and the tools' messages.
  public var channel: String?
  /// What the content is, such as `<|constrain|>json`.
  public var contentType: String?
  /// What it says.
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

/// How much the model thinks before it answers.
public enum HarmonyEffort: String, Sendable, CaseIterable {
  case low, medium, high
}

/// The content of the system message.
public struct HarmonySystem: Sendable, Equatable {
  /// Who the model is.
  public var identity: String? = "You are ChatGPT, a large language model trained by OpenAI."
  /// Until when its knowledge reaches.
  public var knowledgeCutoff: String? = "2024-06"
  /// Today, as in 2026-11-22.
  public var date: String?
  /// How much it thinks.
  public var effort: HarmonyEffort? = .medium
  /// The channels it may write to.
  public var channels = ["analysis", "commentary", "final"]

  /// The usual content, without a date.
  public init(date: String? = nil, effort: HarmonyEffort? = .medium) {
    self.date = date
    self.effort = effort
  }
}

/// The content of a developer message.
public struct HarmonyDeveloper: Sendable, Equatable {
  /// What the model is to do: what other formats call the system prompt.
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
  /// Its name, without namespace.
  public var name: String
  /// What it does.
  public var description: String
  /// A JSON schema of its parameters; nil where it takes none.
  public var parameters: JSON?

  /// A function.
  public init(name: String, description: String, parameters: JSON? = nil) {
    self.name = name
    self.description = description
    self.parameters = parameters
  }
}
