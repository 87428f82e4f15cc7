import Basics

/// The weights of a model, independent of the format and the number of files.
protocol WeightStore: Sendable {
  /// The mapped files, in the order of the model.
  var files: [MappedFile] { get }
  /// The names of all weights, in file order.
  var names: [String] { get }
  /// All tensors of the files, in file order.
  var tensors: [StoredTensor] { get }
  func contains(_ name: String) -> Bool
  /// The weight with exactly this name; nil if there is none.
  func weight(_ name: String) throws(FileError) -> Weight?
  /// The shape of the weight with exactly this name, without reading its data.
  func shape(_ name: String) -> [Int]?
  /// A short label of the predominant quantisation, such as "Q4_K_M", "BF16" or "4-bit g64".
  var quantizationLabel: String { get }
  /// The first reason why weights cannot be read: a format without kernels. Nil if all formats are supported.
  var formatProblem: String? { get }
  /// The number of parameters.
  var parameters: Int { get }
}

extension WeightStore {
  /// The label with the largest total size.
  static func predominantLabel(_ sizes: [(label: String, bytes: Int)]) -> String {
    var totals: [String: Int] = [:]
    for (label, bytes) in sizes { totals[label, default: 0] += bytes }
    return totals.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
  }
}
