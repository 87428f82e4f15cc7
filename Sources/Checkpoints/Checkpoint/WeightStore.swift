import Basics

/// The weights of one model, whatever the format and the number of its files.
protocol WeightStore: Sendable {
  /// The mapped files, in the model's order.
  var files: [MappedFile] { get }
  /// The names that `weight` takes, in the files' order.
  var names: [String] { get }
  func contains(_ name: String) -> Bool
  /// The weight of exactly this name; nil where there is none.
  func weight(_ name: String) throws(FileError) -> Weight?
  /// The shape of the weight of exactly this name, known without its data.
  func shape(_ name: String) -> [Int]?
  /// A short name for how most of the weights are stored, such as "Q4_K_M", "BF16" or "4-bit g64".
  var quantizationLabel: String { get }
  /// How many numbers all weights hold.
  var parameters: Int { get }
}

extension WeightStore {
  /// The label that most bytes carry.
  static func prevailing(_ sizes: [(label: String, bytes: Int)]) -> String {
    var totals: [String: Int] = [:]
    for (label, bytes) in sizes { totals[label, default: 0] += bytes }
    return totals.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
  }
}
