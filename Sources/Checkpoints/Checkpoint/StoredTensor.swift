import Basics

/// A tensor as it is in a file: for packed layers each of its planes.
public struct StoredTensor: Sendable, Equatable {
  /// The name in the file.
  public let name: String
  /// The storage type, such as "Q4_K" or "BF16".
  public let type: String
  /// Outermost dimension first.
  public let shape: [Int]
  /// The index of the file in `Checkpoint.files`.
  public let file: Int
  /// The range in the file; empty if the type, and therefore the size, is unknown.
  public let bytes: Range<Int>
}

extension Checkpoint {
  /// The paths of the weight files, in the order of the model.
  public var files: [String] { store.files.map(\.path) }

  /// All tensors of the files, in file order.
  public var tensors: [StoredTensor] { store.tensors }

  /// What is wrong with the places of the tensors in the files: those that overlap, and bytes that belong to none. Opening
  /// has checked that every tensor lies within its file and has the size of its shape.
  public func layoutProblems() -> [String] {
    var problems: [String] = []
    for (index, file) in store.files.enumerated() {
      let name = FileSystem.lastComponent(file.path)
      let sorted = tensors.filter { $0.file == index && !$0.bytes.isEmpty }
        .sorted { ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound) }
      var end = sorted.first?.bytes.lowerBound ?? 0
      var last = ""
      for tensor in sorted {
        let start = tensor.bytes.lowerBound
        if start < end {
          problems.append("\(name): the tensors \(printable(last)) and \(printable(tensor.name)) overlap")
        } else if start - end > slack {
          problems.append(
            "\(name): \(start - end) bytes before \(printable(tensor.name)) belong to no tensor")
        }
        if tensor.bytes.upperBound > end { (end, last) = (tensor.bytes.upperBound, tensor.name) }
      }
      if file.count - end > slack {
        problems.append("\(name): the last \(file.count - end) bytes belong to no tensor")
      }
    }
    return problems
  }

  /// Bytes between tensors that are padding: GGUF aligns them, safetensors has none.
  private var slack: Int { kind == .gguf ? 1 << 16 : 0 }
}
