import Basics
import Compute
import ComputeCUDA

/// Mamba-2's scans of prompts, and its steps, on a GPU in `fast` against the processor's in `exact`: random inputs of several
/// sequences, at sizes that fill no tile.
enum ScanTests {
  private struct Size {
    let heads, headSize, groups, states: Int
    let rows: [Int]
  }

  private static let sizes = [
    Size(heads: 4, headSize: 64, groups: 1, states: 128, rows: [100]),
    Size(heads: 6, headSize: 24, groups: 3, states: 9, rows: [9, 33, 70]),
    Size(heads: 3, headSize: 80, groups: 3, states: 64, rows: [32, 200]),
    Size(heads: 2, headSize: 65, groups: 1, states: 101, rows: [65]),
    Size(heads: 4, headSize: 64, groups: 2, states: 256, rows: [64, 31]),
    Size(heads: 5, headSize: 48, groups: 1, states: 130, rows: [10, 300]),
  ]
  private static let steps = 3
  private static let taps = 4

  /// What is wrong, or nil.
  static func run(_ device: CUDADevice) throws -> String? {
    let backend = try CUDABackend(device: device, precision: .fast)
    for size in sizes {
      let inputs = Inputs(size)
      let expected = try inputs.results(CPUBackend(precision: .exact, threads: 2))
      let found = try inputs.results(backend)
      try backend.throwIfFailed()
      for (index, (ours, theirs)) in zip(found, expected).enumerated() {
        // Operands are rounded to eleven bits.
        let distance = distance(ours, theirs)
        if !(distance < 1e-3) { return "\(size): distance \(distance) in pass \(index)" }
      }
    }
    return nil
  }

  /// The Euclidean distance relative to the expected numbers.
  private static func distance(_ ours: [Float], _ theirs: [Float]) -> Float {
    let squares = zip(ours, theirs).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (squares / theirs.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  /// Random inputs of a prompt and of the steps behind it.
  private struct Inputs {
    let size: Size
    let numbers: [[Float]]
    let vectors: [[Float]]
    let convolution: [Float]

    init(_ size: Size) {
      self.size = size
      var generator = SystemRandomNumberGenerator()
      func random(_ count: Int, _ range: ClosedRange<Float>) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &generator) }
      }
      let columns = Self.columns(size), width = columns.channels + columns.inner + size.heads
      let passes = [size.rows.reduce(0, +)] + Array(repeating: size.rows.count, count: steps)
      numbers = passes.map { random($0 * width, -2...2) }
      vectors = [random(size.heads, 0...2), random(size.heads, -3...1), random(size.heads, -1...1)]
      convolution = random(columns.channels * taps, -0.5...0.5)
    }

    private static func columns(_ size: Size) -> (inner: Int, channels: Int) {
      let inner = size.heads * size.headSize
      return (inner, inner + 2 * size.groups * size.states)
    }

    /// The results of all passes.
    func results(_ backend: any Backend) throws -> [[Float]] {
      let (inner, channels) = Self.columns(size), shared = size.groups * size.states
      func parameter(_ numbers: [Float], _ shape: [Int]) throws -> Parameter {
        try backend.parameter(Weight(format: .float32, shape: shape, values: Bytes(copying: numbers)))
      }
      let parts = try vectors.map { try parameter($0, [size.heads]) }
      let settings = StateSpaceSettings(
        heads: size.heads, headSize: size.headSize, groups: size.groups, stateSize: size.states,
        logRate: parts[0], stepBias: parts[1], skip: parts[2])
      let weight = try parameter(convolution, [channels, taps])
      let caches = size.rows.map { _ in
        backend.recurrentCache(settings.cacheShape(channels: channels, taps: taps))
      }
      return numbers.enumerated().map { index, numbers in
        let x = backend.tensor(numbers, columns: channels + inner + size.heads)
        let inputs = backend.columns(x, 0..<channels)
        let gate = backend.columns(x, channels..<channels + inner)
        let durations = backend.scaled(
          backend.columns(x, channels + inner..<x.columns), by: 0.5, softcap: nil)
        let counts = index == 0 ? size.rows : size.rows.map { _ in 1 }
        let step = StateSpaceStep(
          channels: inputs, gate: gate, steps: durations, weight: weight, bias: nil)
        if index > 0, let stepping = backend as? any StateSpaceStepBackend,
          let result = stepping.stateSpaceStep(step, settings, caches: caches)
        {
          return backend.values(result)
        }
        let convolved = backend.causalConvolution(
          inputs, weight: weight, bias: nil, activation: .silu, caches: caches, counts: counts)
        let scanned = backend.stateSpaceScan(
          backend.columns(convolved, 0..<inner), b: backend.columns(convolved, inner..<inner + shared),
          c: backend.columns(convolved, inner + shared..<channels), steps: durations, settings,
          caches: caches, counts: counts)
        return backend.values(backend.gated(scanned, by: gate, .silu))
      }
    }
  }
}
