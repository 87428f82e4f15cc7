import Basics
import Compute
import Foundation

/// The sizes of a gated delta rule.
struct DeltaShape: Sendable, CustomStringConvertible {
  var keyHeads: Int, valueHeads: Int, keySize: Int, valueSize: Int
  var decays = GatedDeltaSettings.Decays.perHead
  var tilesValueHeads = false
  var description: String {
    "\(keyHeads) of \(keySize), \(valueHeads) of \(valueSize), \(decays), tiled: \(tilesValueHeads)"
  }

  /// Decays of a value head.
  var decaysPerHead: Int { decays == .perHead ? 1 : keySize }
}

/// Random rows of one call.
struct DeltaInputs {
  let shape: DeltaShape
  let rows: Int
  var query: [Float], key: [Float], value: [Float], decay: [Float], write: [Float]

  init(_ shape: DeltaShape, rows: Int, _ random: inout SplitMix64) {
    self.shape = shape
    self.rows = rows
    query = random.normals(rows * shape.keyHeads * shape.keySize)
    key = random.normals(rows * shape.keyHeads * shape.keySize, times: 3)
    value = random.normals(rows * shape.valueHeads * shape.valueSize, times: 2)
    decay = random.normals(rows * shape.valueHeads * shape.decaysPerHead, times: 2)
    write = random.normals(rows * shape.valueHeads, times: 2)
  }

  /// The operation under test, on views into wider tensors.
  func run(
    _ backend: CPUBackend, _ settings: GatedDeltaSettings, _ caches: [any RecurrentCache], _ counts: [Int]
  ) throws -> [Float] {
    func tensor(_ x: [Float], _ columns: Int) -> Tensor {
      x.isEmpty ? backend.tensor([], columns: columns) : inset(backend, x, columns: columns, by: 2)
    }
    return backend.values(
      try backend.gatedDelta(
        query: tensor(query, shape.keyHeads * shape.keySize),
        key: tensor(key, shape.keyHeads * shape.keySize),
        value: tensor(value, shape.valueHeads * shape.valueSize),
        decay: tensor(decay, shape.valueHeads * shape.decaysPerHead),
        write: tensor(write, shape.valueHeads), caches: caches, counts: counts, settings))
  }
}

/// The rule as in the paper (arXiv:2412.06464, equation 10; with decays per channel arXiv:2510.26692, equation 1), one token at a time in double precision.
struct ReferenceDelta {
  let shape: DeltaShape
  let settings: GatedDeltaSettings
  private let logDecay: [Float]
  private let bias: [Float]
  /// For each sequence, [valueHeads][valueSize][keySize].
  private var states: [[Double]]

  init(
    _ shape: DeltaShape, _ backend: CPUBackend, sequences: Int, _ random: inout SplitMix64
  ) throws {
    self.shape = shape
    logDecay = random.normals(shape.valueHeads)
    bias = random.normals(shape.valueHeads * shape.decaysPerHead)
    let zeros = [Double](repeating: 0, count: shape.valueHeads * shape.valueSize * shape.keySize)
    states = Array(repeating: zeros, count: sequences)
    var settings = GatedDeltaSettings(
      keyHeads: shape.keyHeads, valueHeads: shape.valueHeads, keySize: shape.keySize,
      valueSize: shape.valueSize, logDecay: try vectorParameter(backend, logDecay),
      bias: try vectorParameter(backend, bias))
    settings.decays = shape.decays
    settings.tilesValueHeads = shape.tilesValueHeads
    self.settings = settings
  }

  func makeCaches(_ backend: CPUBackend) -> [any RecurrentCache] {
    states.map { _ in
      backend.recurrentCache(
        RecurrentShape(
          channels: 0, taps: 1, heads: shape.valueHeads, rows: shape.keySize, columns: shape.valueSize))
    }
  }

  /// The outputs of all rows; updates the states.
  mutating func advance(_ inputs: DeltaInputs, _ counts: [Int]) -> [Double] {
    var outputs: [Double] = []
    var row = 0
    for (sequence, count) in counts.enumerated() {
      for _ in 0..<count {
        for head in 0..<shape.valueHeads { outputs += step(inputs, row: row, sequence, head) }
        row += 1
      }
    }
    return outputs
  }

  private mutating func step(_ inputs: DeltaInputs, row: Int, _ sequence: Int, _ head: Int) -> [Double] {
    let (keySize, valueSize) = (shape.keySize, shape.valueSize)
    let keyHead =
      shape.tilesValueHeads ? head % shape.keyHeads : head / (shape.valueHeads / shape.keyHeads)
    func unit(_ x: [Float]) -> [Double] {
      let start = (row * shape.keyHeads + keyHead) * keySize
      let part = x[start..<start + keySize].map(Double.init)
      let norm = (part.reduce(0) { $0 + $1 * $1 } + Double(settings.epsilon)).squareRoot()
      return part.map { $0 / norm }
    }
    let key = unit(inputs.key), query = unit(inputs.query).map { $0 / Double(keySize).squareRoot() }
    let alphas = (0..<shape.decaysPerHead).map { channel in
      let place = head * shape.decaysPerHead + channel
      let x = Double(inputs.decay[row * bias.count + place]) + Double(bias[place])
      let rate = exp(Double(logDecay[head]))
      if case .perChannel(let bound?) = shape.decays { return exp(Double(bound) / (1 + exp(-rate * x))) }
      return exp(-rate * (x > 30 ? x : log1p(exp(x))))
    }
    let beta = 1 / (1 + exp(-Double(inputs.write[row * shape.valueHeads + head])))
    var output = [Double](repeating: 0, count: valueSize)
    for i in 0..<valueSize {
      let start = (head * valueSize + i) * keySize
      var found = 0.0
      for d in 0..<keySize {
        states[sequence][start + d] *= alphas[alphas.count > 1 ? d : 0]
        found += states[sequence][start + d] * key[d]
      }
      let value = Double(inputs.value[(row * shape.valueHeads + head) * valueSize + i])
      for d in 0..<keySize {
        states[sequence][start + d] += beta * (value - found) * key[d]
        output[i] += states[sequence][start + d] * query[d]
      }
    }
    return output
  }
}
