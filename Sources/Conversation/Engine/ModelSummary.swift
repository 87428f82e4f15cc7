/// A model in the model menu.
public struct ModelSummary: Sendable, Equatable {
  /// The name to switch to it.
  public var name: String
  /// The size of its files in bytes.
  public var bytes: Int
  /// The format of its weights ("Q4_1", "BF16"); empty when unknown.
  public var quantisation: String
  /// True when it is loaded.
  public var isResident: Bool
  /// The cached tokens of the current conversation.
  public var cachedTokens: Int
  /// The tokens of the current conversation that it would have to prefill; nil when unknown.
  public var unreadTokens: Int?
  /// The estimated seconds until its first token in the current conversation; nil when unknown.
  public var estimatedSwitchSeconds: Double?

  /// A model with this name, file size in bytes and quantisation; whether it is loaded; the tokens of the current
  /// conversation that are cached and that it would have to prefill; and the estimated seconds of a switch.
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

/// The current model.
public struct ModelInfo: Sendable, Equatable {
  /// Its name, as in the model menu.
  public var name: String
  /// The format of its weights.
  public var quantisation: String
  /// The length of its context in tokens.
  public var contextLength: Int
  /// The reasoning effort levels of its template; empty when it has none.
  public var efforts: [String]
  /// The cost of attending to one earlier token, as a fraction of a token's cost at the start of a prompt; 0 if it is
  /// not known.
  public var attentionShare = 0.0
  /// The GPU that computes it, as its vendor names it; nil for the processor.
  public var device: String?
  /// Why a GPU does not compute it although there is one; nil if there is nothing to say.
  public var deviceNotice: String?
  /// What may be wrong with its files; nil if nothing is known.
  public var warning: String?
  /// The last two as a notice, which names the model.
  public var notice: String? {
    let parts = [deviceNotice, warning].compactMap { $0 }
    return parts.isEmpty ? nil : "\(name): \(parts.joined(separator: "; "))"
  }

  /// A model with this name, quantisation, context length in tokens, and reasoning effort levels.
  public init(name: String, quantisation: String, contextLength: Int, efforts: [String] = []) {
    self.name = name
    self.quantisation = quantisation
    self.contextLength = contextLength
    self.efforts = efforts
  }
}
