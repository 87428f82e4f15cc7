import Basics
import Compute
import Foundation

/// The state space's recurrence, row by row in double precision.
struct ReferenceScan {
  struct Inputs {
    var rows: Int
    var x: [Float], b: [Float], c: [Float], steps: [Float]
  }

  let shape: KernelTests.StateSpaceTests.Shape
  var logRate: [Float]
  var stepBias: [Float]
  var skip: [Float]

  init(_ shape: KernelTests.StateSpaceTests.Shape, _ random: inout SplitMix64) {
    self.shape = shape
    logRate = random.normals(shape.heads)
    stepBias = random.normals(shape.heads, times: 2).map { $0 - 2 }
    skip = random.normals(shape.heads)
  }

  func settings(_ backend: CPUBackend) throws -> StateSpaceSettings {
    StateSpaceSettings(
      heads: shape.heads, headSize: shape.headSize, groups: shape.groups, stateSize: shape.stateSize,
      logRate: try vectorParameter(backend, logRate), stepBias: try vectorParameter(backend, stepBias),
      skip: shape.skips ? try vectorParameter(backend, skip) : nil, stepLimits: shape.limits)
  }

  func inputs(rows: Int, _ random: inout SplitMix64) -> Inputs {
    let columns = shape.groups * shape.stateSize
    return Inputs(
      rows: rows, x: random.normals(rows * shape.heads * shape.headSize), b: random.normals(rows * columns),
      c: random.normals(rows * columns), steps: random.normals(rows * shape.heads))
  }

  /// The outputs of `rows`; `state` is [heads, stateSize, headSize].
  func scan(_ inputs: Inputs, _ rows: Range<Int>, _ state: inout [Double]) -> [Double] {
    let (size, stateSize) = (shape.headSize, shape.stateSize)
    var outputs: [Double] = []
    for row in rows {
      for head in 0..<shape.heads {
        let group = row * shape.groups + head / (shape.heads / shape.groups)
        let raw = Double(inputs.steps[row * shape.heads + head]) + Double(stepBias[head])
        let softplus = max(raw, 0) + log1p(exp(-abs(raw)))
        let step = min(max(softplus, Double(shape.limits.lowerBound)), Double(shape.limits.upperBound))
        let decay = exp(-exp(Double(logRate[head])) * step)
        for column in 0..<size {
          let x = Double(inputs.x[(row * shape.heads + head) * size + column])
          var y = shape.skips ? Double(skip[head]) * x : 0
          for n in 0..<stateSize {
            let place = (head * stateSize + n) * size + column
            state[place] = decay * state[place] + step * x * Double(inputs.b[group * stateSize + n])
            y += state[place] * Double(inputs.c[group * stateSize + n])
          }
          outputs.append(y)
        }
      }
    }
    return outputs
  }
}
