/// Whether a model is computed on a GPU: a decision by its size and the free memory.
public enum DevicePlan: Equatable, Sendable {
  /// It fits.
  case gpu
  /// It needs so many bytes, and so many are free.
  case tooLarge(needed: Int, free: Int)

  /// Bytes for caches and activations beside the weights.
  public static let reserve = 1 << 30

  /// - Parameters:
  ///   - weights: bytes of the model's weights in their files.
  ///   - free: bytes that no program uses on the GPU.
  public init(weights: Int, free: Int) {
    let needed = weights.addingReportingOverflow(Self.reserve)
    let bytes = needed.overflow ? Int.max : needed.partialValue
    self = bytes <= free ? .gpu : .tooLarge(needed: bytes, free: free)
  }

  /// One line for the user; nil if the model fits.
  public var notice: String? {
    guard case .tooLarge(let needed, let free) = self else { return nil }
    return
      "the model needs \(Self.gigabytes(needed)) GB on the GPU, where \(Self.gigabytes(free)) GB are free; "
      + "it runs on the processor"
  }

  private static func gigabytes(_ bytes: Int) -> String {
    let tenths = bytes / 100_000_000
    return "\(tenths / 10).\(tenths % 10)"
  }
}
