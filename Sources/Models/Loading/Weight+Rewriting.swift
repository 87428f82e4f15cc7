import Basics
import Foundation

extension Weight {
  /// log(-x) of each number x. Copies, so it is meant for short vectors.
  /// - Throws: `ModelError.unsupported` for a quantised format.
  func logarithmOfNegated() throws -> Weight { try mapped { log(-$0) } }

  /// x + 1 of each number x. Copies, so it is meant for short vectors.
  /// - Throws: `ModelError.unsupported` for a quantised format.
  func plusOne() throws -> Weight { try plus(1) }

  /// x + offset of each number x. Copies, so it is meant for short vectors.
  /// - Throws: `ModelError.unsupported` for a quantised format.
  func plus(_ offset: Float) throws -> Weight { try mapped { $0 + offset } }

  /// -exp(x) of each number x, in float32. Copies, so it is meant for small matrices.
  /// - Throws: `ModelError.unsupported` for a quantised format.
  package func negatedExponential() throws -> Weight { try mapped { -exp($0) } }

  /// Each row times its factor, in float32. Copies, so it is meant for small matrices.
  /// - Throws: `ModelError.unsupported` for a quantised format.
  package func scaledRows(by factors: [Float]) throws -> Weight {
    let numbers = try floats().enumerated().map { factors[$0.offset / columns] * $0.element }
    return try Weight(shape: shape, numbers: numbers)
  }

  private func mapped(_ body: (Float) -> Float) throws -> Weight {
    try Weight(shape: shape, numbers: floats().map(body))
  }

  /// A float32 weight with a copy of these numbers.
  init(shape: [Int], numbers: [Float]) throws {
    let copy = OwnedMemory(count: numbers.count * 4)
    for (index, number) in numbers.enumerated() {
      copy.pointer.storeBytes(of: number, toByteOffset: 4 * index, as: Float.self)
    }
    try self.init(format: .float32, shape: shape, values: copy.bytes)
  }

  /// All numbers, in row-major order.
  /// - Throws: `ModelError.unsupported` for a quantised format.
  func floats() throws -> [Float] {
    let count = shape.reduce(1, *)
    return try values.withUnsafeBytes { bytes in
      func bits16(_ index: Int) -> UInt16 {
        UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
      }
      switch format {
      case .float32:
        return (0..<count).map { index in
          let bits = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
          return Float(bitPattern: UInt32(littleEndian: bits))
        }
      case .bfloat16: return (0..<count).map { Float(bitPattern: UInt32(bits16($0)) << 16) }
      case .float16: return (0..<count).map { Float(Float16(bitPattern: bits16($0))) }
      default: throw ModelError.unsupported("numbers are stored as \(format) instead of floats")
      }
    }
  }

  /// Each matrix transposed. Copies, so it is meant for the few checkpoints that store unquantised experts
  /// with their inputs first.
  /// - Throws: `ModelError.unsupported` for a quantised format, whose blocks run along the rows.
  func transposed() throws -> Weight {
    guard format.blockColumns == 1, shape.count > 1 else {
      throw ModelError.unsupported("weights stored as \(format) cannot be transposed")
    }
    let copy = format.blockBytes == 2 ? turned(UInt16.self) : turned(UInt32.self)
    return try Weight(format: format, shape: shape.dropLast(2) + [columns, rows], values: copy.bytes)
  }

  /// The columns at `order` of every row, in that order. Copies.
  /// - Throws: `ModelError.unsupported` for a quantised format, whose blocks run along the rows.
  func columns(_ order: [Int]) throws -> Weight {
    guard format.blockColumns == 1, order.allSatisfy((0..<columns).contains) else {
      throw ModelError.unsupported(
        "the columns of weights stored as \(format) cannot be put in another order")
    }
    let copy = format.blockBytes == 2 ? picked(order, UInt16.self) : picked(order, UInt32.self)
    return try Weight(format: format, shape: shape.dropLast() + [order.count], values: copy.bytes)
  }

  private func picked<Number: BitwiseCopyable>(_ order: [Int], _ type: Number.Type) -> OwnedMemory {
    let size = MemoryLayout<Number>.size
    let rows = matrices * rows
    let copy = OwnedMemory(count: rows * order.count * size)
    values.withUnsafeBytes { source in
      for row in 0..<rows {
        for (place, column) in order.enumerated() {
          let number = source.loadUnaligned(fromByteOffset: (row * columns + column) * size, as: type)
          copy.pointer.storeBytes(of: number, toByteOffset: (row * order.count + place) * size, as: type)
        }
      }
    }
    return copy
  }

  private func turned<Number: BitwiseCopyable>(_ type: Number.Type) -> OwnedMemory {
    let copy = OwnedMemory(count: values.count)
    let size = MemoryLayout<Number>.size
    values.withUnsafeBytes { source in
      for matrix in 0..<matrices {
        let base = matrix * rows * columns
        // In blocks of columns, so that the lines written stay in the cache.
        for block in stride(from: 0, to: columns, by: 16) {
          for row in 0..<rows {
            for column in block..<min(block + 16, columns) {
              let number = source.loadUnaligned(
                fromByteOffset: (base + row * columns + column) * size, as: Number.self)
              copy.pointer.storeBytes(of: number, toByteOffset: (base + column * rows + row) * size, as: type)
            }
          }
        }
      }
    }
    return copy
  }
}
