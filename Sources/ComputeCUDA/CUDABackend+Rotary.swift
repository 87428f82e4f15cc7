import CCUDA
import Compute

extension CUDABackend {
  /// Rotates each head of `table.headSize` columns by its row's position. The cosines and sines of a step's positions are
  /// computed once for all layers.
  public func rotary(_ x: Tensor, _ table: RotaryTable, positions: [Int32]) -> Tensor {
    let count = table.frequencies.count
    precondition(positions.count == x.rows, "\(positions.count) positions for \(x.rows) rows")
    precondition(
      x.columns % table.headSize == 0 && table.first >= 0 && table.first + 2 * count <= table.headSize,
      "\(x.columns) columns in heads of \(table.headSize), \(2 * count) of them rotated")
    // Attention rotates queries and keys while it stores them.
    let rotation = CUDAPendingRotation(x, table, positions)
    return Tensor(rows: x.rows, columns: x.columns, storage: rotation)
  }

  /// The rotation by itself.
  func rotated(_ x: Tensor, _ table: RotaryTable, _ positions: [Int32]) -> Tensor {
    let count = table.frequencies.count
    let angles = angles(table, positions)
    let (result, y) = make(rows: x.rows, columns: x.columns)
    let heads = x.columns / table.headSize
    let call = sotto_cuda_rotary(
      x: rows(of: x), angles: angles.address, y: y, rows: Int32(x.rows), heads: Int32(heads),
      head_size: Int32(table.headSize), first: Int32(table.first), count: Int32(count),
      interleaved: table.interleaved ? 1 : 0)
    launch(.rotary, call, grid: (heads, x.rows, 1), threads: table.headSize <= 64 ? 64 : 128)
    return result
  }

  /// The cosines and sines of positions: [rows][2][count].
  func angles(_ table: RotaryTable, _ positions: [Int32]) -> CUDABuffer {
    if let known = rotaryAngles.find(table, positions) { return known }
    let count = table.frequencies.count
    let frequencies = frequencies[table.frequencies] ?? copied(table.frequencies)
    self.frequencies[table.frequencies] = hasFailed ? nil : frequencies
    let angles = take(bytes: positions.count * 2 * count * MemoryLayout<Float>.size)
    var call = sotto_cuda_angles()
    call.frequencies = frequencies.address
    call.angles = angles.address
    call.rows = Int32(positions.count)
    call.count = Int32(count)
    call.amplitude = table.amplitude
    call.advance = recording?.advance ?? 0
    var copy: CUDABuffer?
    if positions.count <= Self.fewIDs {
      withUnsafeMutableBytes(of: &call.few) { $0.copyBytes(from: positions.withUnsafeBytes { Array($0) }) }
    } else {
      copy = copied(positions)
      call.positions = copy?.address ?? 0
    }
    launch(.angles, call, grid: (positions.count, 1, 1), threads: 128)
    if !hasFailed { rotaryAngles.insert(table, positions, angles) }
    return angles
  }
}

/// The cosines and sines of recent calls, shared by the layers of a step.
struct CUDARotaryAngles {
  private struct Entry {
    let frequencies: [Float]
    let amplitude: Float
    let positions: [Int32]
    let angles: CUDABuffer
  }

  /// Latest first. A model has one or two tables.
  private var entries: [Entry] = []
  private static let capacity = 3

  func find(_ table: RotaryTable, _ positions: [Int32]) -> CUDABuffer? {
    entries.first {
      $0.positions == positions && $0.amplitude == table.amplitude && $0.frequencies == table.frequencies
    }?.angles
  }

  mutating func insert(_ table: RotaryTable, _ positions: [Int32], _ angles: CUDABuffer) {
    if entries.count == Self.capacity { entries.removeLast() }
    let entry = Entry(
      frequencies: table.frequencies, amplitude: table.amplitude, positions: positions, angles: angles)
    entries.insert(entry, at: 0)
  }
}
