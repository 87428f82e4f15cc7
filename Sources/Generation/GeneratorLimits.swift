import Foundation

/// How much memory the generator may use.
public struct GeneratorLimits: Sendable {
  /// Bytes for the prompt caches of all models.
  public var cacheBytes: Int
  /// Bytes of weights of all models in memory.
  public var modelBytes: Int

  /// Limits; a quarter of the machine's memory for caches and three quarters for weights where nothing is said.
  public init(cacheBytes: Int? = nil, modelBytes: Int? = nil) {
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    self.cacheBytes = cacheBytes ?? memory / 4
    self.modelBytes = modelBytes ?? memory / 4 * 3
  }
}
