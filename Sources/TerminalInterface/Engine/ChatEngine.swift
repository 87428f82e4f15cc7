import Conversation

/// What the screen needs of the world: models, and answers as a stream of events.
///
/// The screen never blocks on any of these: every call is made from a task of its own, and what comes back is posted
/// to the screen's thread. Implementations are free to be actors.
public protocol ChatEngine: Sendable {
  /// The models that can be switched to, in the order in which they are to be shown.
  func models() async -> [ModelSummary]

  /// The model that answers now; nil before one is loaded.
  func currentModel() async -> ModelInfo?

  /// Loads a model by the name that `models()` gives, or by a path, and makes it the one that answers.
  ///
  /// Throws an error whose description is shown to the person as it is; the earlier model then stays.
  func switchModel(to name: String) async throws -> ModelInfo

  /// The settings that hold for the current model before the person changes any.
  func defaultSettings() async -> ChatSettings

  /// Answers a conversation. The stream ends after `.finished` or `.failed`, always one of the two.
  ///
  /// Ending the iteration early must cancel as `cancel()` does.
  func send(_ request: ChatRequest) -> AsyncStream<EngineEvent>

  /// Stops the answer that is being written; its stream then finishes with the reason `.cancelled`.
  func cancel() async
}

/// One turn to be answered.
public struct ChatRequest: Sendable, Equatable {
  /// The whole conversation, a system message first if there is one, ending with the message to answer.
  public var messages: [Message]
  /// How to sample, how long, how hard to think.
  public var settings: ChatSettings

  /// A request to answer these messages.
  public init(messages: [Message], settings: ChatSettings) {
    self.messages = messages
    self.settings = settings
  }
}

/// A model in the picker.
public struct ModelSummary: Sendable, Equatable {
  /// The name by which it is switched to.
  public var name: String
  /// The size of its files in bytes.
  public var bytes: Int
  /// How its weights are stored ("Q4_1", "BF16"); empty when unknown.
  public var quantisation: String
  /// True when it is loaded now.
  public var isResident: Bool

  /// A model with this name, file size in bytes, quantisation, and whether it is loaded.
  public init(name: String, bytes: Int, quantisation: String, isResident: Bool) {
    self.name = name
    self.bytes = bytes
    self.quantisation = quantisation
    self.isResident = isResident
  }
}

/// The model that answers.
public struct ModelInfo: Sendable, Equatable {
  /// Its name, as in the picker.
  public var name: String
  /// How its weights are stored.
  public var quantisation: String
  /// Tokens that fit into its context.
  public var contextLength: Int
  /// The levels of effort that its template understands; empty when it does not reason, or not by levels.
  public var efforts: [String]

  /// A model with this name, quantisation, context length in tokens, and levels of effort.
  public init(name: String, quantisation: String, contextLength: Int, efforts: [String] = []) {
    self.name = name
    self.quantisation = quantisation
    self.contextLength = contextLength
    self.efforts = efforts
  }
}
