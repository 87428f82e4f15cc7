import Basics
import Foundation

extension Weight {
  /// log(-x) of each number x. Copies, so it is meant for short vectors.
  /// - Throws: `ModelError.unsupported` for a format other than float32.
  func logarithmOfNegated() throws -> Weight { try mapped { log(-$0) } }

  private func mapped(_ body: (Float) -> Float) throws -> Weight {
    guard format == .float32 else {
      throw ModelError.unsupported("a vector is stored as \(format) instead of float32")
    }
    let copy = OwnedMemory(count: values.count)
    values.withUnsafeBytes { source in
      for offset in stride(from: 0, to: values.count, by: 4) {
        let bits = UInt32(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        copy.pointer.storeBytes(of: body(Float(bitPattern: bits)), toByteOffset: offset, as: Float.self)
      }
    }
    return try Weight(format: format, shape: shape, values: copy.bytes)
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
