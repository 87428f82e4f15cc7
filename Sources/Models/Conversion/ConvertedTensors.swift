import Basics
import Checkpoints

/// Collects the tensors of a checkpoint in its order; experts that are stored one by one form a stack in the place of the
/// first.
struct ConvertedTensors {
  private let block: String
  private let experts: [String: String]
  private let lists: [String]
  private let joins: [String: [String]]
  private var tensors: [ConvertedTensor] = []
  private var stacks: [String: Int] = [:]
  private var members: [Int: [Int: String]] = [:]

  /// - Parameters:
  ///   - block: what takes the place of `experts.N` in the name of a stack.
  ///   - experts: new names of the experts' layers, where they change.
  ///   - lists: names of lists whose members form a stack.
  ///   - joins: names of tensors that form a stack, by the name of the stack.
  init(
    block: String, experts: [String: String], lists: [String] = [], joins: [String: [String]] = [:]
  ) {
    (self.block, self.experts, self.lists, self.joins) = (block, experts, lists, joins)
  }

  /// Adds a tensor.
  /// - Parameters:
  ///   - name: its public name.
  ///   - source: its name in the checkpoint.
  /// - Throws: `ModelError` for a tensor without numbers, and for an expert that is not as the others.
  mutating func add(_ name: String, from source: String, _ shape: [Int]) throws {
    guard !shape.contains(0) else { throw ModelError.unsupported("the tensor \(printable(source)) is empty") }
    // A scalar has no dimensions in the file.
    let shape = shape.isEmpty ? [1] : shape
    guard
      let expert = ExpertName(name, experts) ?? ExpertName(name, lists: lists)
        ?? ExpertName(name, joins: joins)
    else {
      tensors.append(ConvertedTensor(name, shape, sources: [source]))
      return
    }
    let stack = expert.stack(block)
    let index = stacks[stack] ?? tensors.count
    if index < tensors.count {
      let expected = Array(tensors[index].shape.dropFirst())
      guard expected == shape else {
        throw ModelError.wrongShape(tensor: source, shape: shape, expected: expected)
      }
    } else {
      stacks[stack] = index
      tensors.append(ConvertedTensor(stack, [1] + shape, sources: [source]))
    }
    members[index, default: [:]][expert.number] = source
  }

  /// The tensors.
  /// - Throws: `ModelError.unsupported` if an expert is missing.
  func finish() throws -> [ConvertedTensor] {
    var tensors = tensors
    for (index, found) in members {
      let name = tensors[index].name
      let sources = try (0..<found.count).map { number in
        guard let source = found[number] else {
          throw ModelError.unsupported("expert \(number) of \(printable(name)) is missing")
        }
        return source
      }
      tensors[index] = ConvertedTensor(
        name, [found.count] + tensors[index].shape.dropFirst(), sources: sources)
    }
    return tensors
  }

  /// Whether a tensor belongs to multi-token prediction, which has layers of its own after the others.
  static func isPredictionLayer(_ name: String, layers: Int) -> Bool {
    if name.hasPrefix("mtp.") || name.hasPrefix("model.mtp") { return true }
    let parts = name.split(separator: ".")
    guard let index = parts.firstIndex(of: "layers"), index + 1 < parts.count,
      let layer = Int(parts[index + 1])
    else { return false }
    return layer >= layers
  }
}

extension Checkpoint {
  /// The shape of a weight that is there.
  /// - Throws: why it cannot be read.
  func readableShape(_ name: String) throws -> [Int] { try shape(name) ?? weight(name).shape }
}
