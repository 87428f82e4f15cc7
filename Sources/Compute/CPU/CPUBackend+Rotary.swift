import CKernels

extension CPUBackend {
  /// Rotates each head of `table.headSize` columns by its row's position (arXiv:2104.09864).
  ///
  /// The cosines and sines of a step's positions are computed once for all layers.
  public func rotary(_ x: Tensor, _ table: RotaryTable, positions: [Int32]) -> Tensor {
    let count = table.frequencies.count
    precondition(positions.count == x.rows, "\(positions.count) positions for \(x.rows) rows")
    precondition(
      x.columns % table.headSize == 0 && table.first >= 0 && table.first + 2 * count <= table.headSize,
      "\(x.columns) columns in heads of \(table.headSize), \(2 * count) of them rotated")
    let angles = rotaryAngles.angles(table, positions, pool: pool, buffers: buffers)
    let (result, output) = make(rows: x.rows, columns: x.columns)
    sotto_rotary(
      pool.handle, output, rows(of: x), x.rows, x.columns / table.headSize, table.headSize, table.first,
      angles.pointer, count, table.interleaved ? 1 : 0)
    return result
  }
}

/// The cosines and sines of recent calls, shared by the layers of a step.
struct RotaryAngles {
  private struct Entry {
    let frequencies: [Float]
    let amplitude: Float
    let positions: [Int32]
    let angles: CPUBuffer
  }

  /// Latest first. A model has one or two tables.
  private var entries: [Entry] = []
  private static let capacity = 3

  mutating func angles(
    _ table: RotaryTable, _ positions: [Int32], pool: ThreadPool, buffers: BufferPool
  ) -> CPUBuffer {
    for entry in entries
    where entry.positions == positions && entry.amplitude == table.amplitude
      && entry.frequencies == table.frequencies
    {
      return entry.angles
    }
    if entries.count == Self.capacity { entries.removeLast() }
    let count = table.frequencies.count
    let angles = buffers.take(2 * count * positions.count)
    sotto_rotary_angles(
      pool.handle, angles.pointer, positions, positions.count, table.frequencies, count, table.amplitude)
    let entry = Entry(
      frequencies: table.frequencies, amplitude: table.amplitude, positions: positions, angles: angles)
    entries.insert(entry, at: 0)
    return angles
  }
}
