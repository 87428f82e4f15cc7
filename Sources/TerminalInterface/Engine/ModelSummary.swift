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
  /// Tokens of the current conversation that it has in its cache.
  public var cachedTokens: Int
  /// Tokens of the current conversation that it would have to read; nil when unknown.
  public var unreadTokens: Int?
  /// Seconds until it could write its first token to the current conversation; nil when unknown.
  public var estimatedSwitchSeconds: Double?

  /// A model with this name, file size in bytes, quantisation, whether it is loaded, the tokens of the current
  /// conversation that it has in its cache and those that it would have to read, and the seconds that switching to
  /// it is expected to take.
  public init(
    name: String, bytes: Int, quantisation: String, isResident: Bool, cachedTokens: Int = 0,
    unreadTokens: Int? = nil, estimatedSwitchSeconds: Double? = nil
  ) {
    self.name = name
    self.bytes = bytes
    self.quantisation = quantisation
    self.isResident = isResident
    self.cachedTokens = cachedTokens
    self.unreadTokens = unreadTokens
    self.estimatedSwitchSeconds = estimatedSwitchSeconds
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
