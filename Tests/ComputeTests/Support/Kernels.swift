import Basics
import CKernels
import Compute
import Foundation

/// The instruction sets of this machine in ascending order.
let isaLevels: [sotto_isa_level] = {
  let before = sotto_chosen_isa()
  defer { sotto_adopt_isa(before) }
  return (0..<SOTTO_ISA_LEVELS.rawValue).map { sotto_isa_level($0) }.filter { sotto_set_isa($0) == $0 }
}()

/// Runs `body` once for every instruction set of this machine. Other threads keep theirs.
func onEveryLevel(_ body: (String) throws -> Void) rethrows {
  let before = sotto_chosen_isa()
  defer { sotto_adopt_isa(before) }
  for level in isaLevels {
    sotto_set_isa(level)
    try body(String(cString: sotto_isa_name(level)))
  }
}

extension SplitMix64 {
  init(seed: Int) { self.init(seed: UInt64(truncatingIfNeeded: seed)) }

  /// A normally distributed number.
  mutating func normal() -> Float {
    let u = Double.random(in: 1e-12..<1, using: &self), v = Double.random(in: 0..<1, using: &self)
    return Float((-2 * log(u)).squareRoot() * cos(2 * .pi * v))
  }
  mutating func normals(_ count: Int, times scale: Float = 1) -> [Float] {
    (0..<count).map { _ in normal() * scale }
  }
}

/// A vector parameter of unquantised numbers.
func vectorParameter(_ backend: CPUBackend, _ numbers: [Float]) throws -> Parameter {
  try matrixParameter(backend, numbers, [numbers.count])
}

/// A parameter of unquantised numbers with these dimensions, outermost first.
func matrixParameter(_ backend: CPUBackend, _ numbers: [Float], _ shape: [Int]) throws -> Parameter {
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * numbers.count, alignment: 4)
  numbers.withUnsafeBytes { memory.copyMemory(from: $0) }
  final class Owner {
    let memory: UnsafeMutableRawBufferPointer
    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }
    deinit { memory.deallocate() }
  }
  let bytes = Bytes(UnsafeRawBufferPointer(memory), owner: Owner(memory))
  return try backend.parameter(Weight(format: .float32, shape: shape, values: bytes))
}

/// The largest distance between two lists.
func largestDifference(_ a: [Float], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { abs(Double($0) - $1) }.map { $0.isNaN ? .infinity : $0 }.max() ?? 0
}

/// `x` as a view into a wider tensor, to test strides: with columns before, after or around it.
func inset(_ backend: CPUBackend, _ x: [Float], columns: Int, by margin: Int) -> Tensor {
  let rows = columns == 0 ? 0 : x.count / columns
  var wide: [Float] = []
  for row in 0..<rows {
    wide += [Float](repeating: .nan, count: margin)
    wide += x[row * columns..<(row + 1) * columns]
    wide += [Float](repeating: .nan, count: 3)
  }
  let tensor = backend.tensor(wide, columns: columns + margin + 3)
  return backend.columns(tensor, margin..<margin + columns)
}
