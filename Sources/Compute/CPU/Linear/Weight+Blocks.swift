import Basics
import CKernels

extension Weight {
  /// The rows of all matrices as blocks of 32 int8 numbers with two float32 scales, of columns 0 to 15 and of 16 to 31 (40
  /// bytes), for backends that have no decoder of their own. Only for formats whose numbers are integers times a scale.
  /// Decodes everything, once.
  package func decodedBlocks() throws -> Bytes {
    guard var matrix = try CPUMatrix(self).parts.first else { throw WeightError.emptyShape(shape) }
    matrix.rows *= matrix.matrices
    matrix.matrices = 1
    let rowBytes = matrix.columns / 32 * 40
    let memory = OwnedMemory(count: matrix.rows * rowBytes)
    for row in 0..<matrix.rows { sotto_decode_row_blocks(&matrix, row, memory.pointer + row * rowBytes) }
    return memory.bytes
  }
}
