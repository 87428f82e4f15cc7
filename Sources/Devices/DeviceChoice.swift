/// The device that the user wants models to be computed on.
public enum DeviceChoice: Sendable, Hashable, CustomStringConvertible {
  /// A GPU if there is one that the model fits on, otherwise the processor.
  case automatic
  /// The processor.
  case processor
  /// The GPU with this number.
  case cuda(Int)

  /// Reads `auto`, `cpu`, `cuda` or `cuda:N`; nil for another text.
  public init?(_ text: String) {
    switch text {
    case "auto": self = .automatic
    case "cpu": self = .processor
    case "cuda": self = .cuda(0)
    default:
      guard text.hasPrefix("cuda:"), let index = Int(text.dropFirst(5)), (0..<1024).contains(index) else {
        return nil
      }
      self = .cuda(index)
    }
  }

  /// The text that it is read from.
  public var description: String {
    switch self {
    case .automatic: "auto"
    case .processor: "cpu"
    case .cuda(let index): "cuda:\(index)"
    }
  }
}
