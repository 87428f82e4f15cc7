/// Where a model is computed.
public struct ModelDevice: Sendable, Equatable {
  /// The GPU, as its vendor names it; nil for the processor.
  public let name: String?
  /// Why a GPU is not used although there is one, in one line; nil if there is nothing to say.
  public let notice: String?

  /// A GPU of this name, or the processor.
  public init(name: String? = nil, notice: String? = nil) {
    self.name = name
    self.notice = notice
  }
}

extension Generator {
  /// Where a resident model is computed; nil if the model is not resident. Does not count as a use.
  public nonisolated func device(of key: String) -> ModelDevice? {
    models.withLock { $0.peek(key) }?.device
  }
}
