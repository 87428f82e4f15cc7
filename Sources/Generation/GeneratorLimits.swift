import Foundation

/// Memory limits of the generator.
public struct GeneratorLimits: Sendable {
  /// Bytes for the prompt caches of all models.
  public var cacheBytes: Int
  /// Bytes of weights of all resident models.
  public var modelBytes: Int
  /// The largest number of requests that generate together.
  public var batch: Int

  /// Limits; by default a quarter of the machine's memory for caches and three quarters for weights.
  public init(cacheBytes: Int? = nil, modelBytes: Int? = nil, batch: Int = 16) {
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    self.cacheBytes = cacheBytes ?? memory / 4
    self.modelBytes = modelBytes ?? memory / 4 * 3
    self.batch = batch
  }
}
