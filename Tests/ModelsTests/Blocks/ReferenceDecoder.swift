import Foundation

/// The logits of a `LayerPlan` by plain loops in float64, all rows of one sequence at once.
struct ReferenceDecoder {
  typealias Rows = [[Double]]

  let plan: LayerPlan
  let tensors: [String: [Float]]

  func logits(_ tokens: [Int32]) -> [[Float]] {
    let table = tensors["model.embed_tokens.weight"] ?? []
    var x: Rows = tokens.map { token in
      (0..<LayerPlan.hidden).map {
        Double(table[Int(token) * LayerPlan.hidden + $0]) * Double(plan.embeddingScale)
      }
    }
    for (layer, plans) in plan.layers.enumerated() {
      for (index, plan) in plans.enumerated() { x = sum(x, block(plan, x, "\(layer).\(index).")) }
    }
    x = linear("lm_head", norm(.rms, x, "model.norm"))
    return x.map { $0.map { Float($0 * Double(plan.logitScale)) } }
  }

  /// The block's contribution to the residual stream.
  private func block(_ plan: LayerPlan.Plan, _ x: Rows, _ prefix: String) -> Rows {
    let input = scaled(norm(plan.norm, x, prefix + "norm"), plan.inputScale)
    let output: Rows
    switch plan.body {
    case .attention(let window): output = attention(input, prefix, window: window)
    case .feedForward:
      let gate = linear(prefix + "gate_proj", input), up = linear(prefix + "up_proj", input)
      output = linear(prefix + "down_proj", zip(gate, up).map { zip($0, $1).map { silu($0) * $1 } })
    case .scan: output = scan(input, prefix)
    case .convolution: output = convolution(input, prefix + "conv.weight", taps: LayerPlan.taps)
    case .sideBySide(let plans):
      output = plans.enumerated().reduce(input.map { $0.map { _ in 0 } }) { total, part in
        sum(total, block(part.element, input, prefix + "\(part.offset)."))
      }
    }
    return scaled(norm(plan.normAfter, output, prefix + "after.norm"), plan.scale)
  }

  private func attention(_ x: Rows, _ prefix: String, window: Int?) -> Rows {
    let size = LayerPlan.headSize, group = LayerPlan.heads / LayerPlan.keyValueHeads
    let query = rotated(linear(prefix + "q_proj", x)), key = rotated(linear(prefix + "k_proj", x))
    let value = linear(prefix + "v_proj", x)
    let attended: Rows = x.indices.map { row in
      (0..<LayerPlan.heads).flatMap { head -> [Double] in
        let first = max(0, row - (window ?? .max / 2) + 1), from = head / group * size
        let weights = (first...row).map { other in
          exp(
            (0..<size).reduce(0) { $0 + query[row][head * size + $1] * key[other][from + $1] }
              / sqrt(Double(size)))
        }
        let total = weights.reduce(0, +)
        return (0..<size).map { column in
          zip(first...row, weights).reduce(0) { $0 + $1.1 * value[$1.0][from + column] } / total
        }
      }
    }
    return linear(prefix + "o_proj", attended)
  }

  /// Rotary embedding with base 10,000; column i of a head's first half pairs with column i of the second.
  private func rotated(_ x: Rows) -> Rows {
    let half = LayerPlan.headSize / 2
    return x.enumerated().map { position, row in
      row.indices.map { column in
        let inHead = column % LayerPlan.headSize, pair = inHead % half
        let angle = Double(position) * pow(10000, -Double(2 * pair) / Double(LayerPlan.headSize))
        return inHead < half
          ? row[column] * cos(angle) - row[column + half] * sin(angle)
          : row[column] * cos(angle) + row[column - half] * sin(angle)
      }
    }
  }

  private func scan(_ x: Rows, _ prefix: String) -> Rows {
    let states = LayerPlan.stateSize, inner = LayerPlan.scanHeads * LayerPlan.scanHeadSize
    let channels = inner + 2 * states
    let projected = linear(prefix + "in_proj", x)
    let mixed = convolution(
      projected.map { Array($0[inner..<inner + channels]) }, prefix + "conv1d.weight",
      taps: LayerPlan.scanTaps
    ).map { $0.map(silu) }
    func vector(_ name: String) -> [Double] { (tensors[prefix + name] ?? []).map(Double.init) }
    let rate = vector("A_log"), bias = vector("dt_bias"), skip = vector("D"), weight = vector("norm.weight")
    var state = Rows(repeating: [Double](repeating: 0, count: states), count: inner)
    let scanned: Rows = x.indices.map { row in
      let b = mixed[row][inner..<inner + states].map { $0 }, c = mixed[row][(inner + states)...].map { $0 }
      let outputs = (0..<inner).map { column -> Double in
        let head = column / LayerPlan.scanHeadSize, input = mixed[row][column]
        let step = log1p(exp(projected[row][inner + channels + head] + bias[head]))
        for n in 0..<states {
          state[column][n] = exp(-exp(rate[head]) * step) * state[column][n] + step * b[n] * input
        }
        let output = zip(c, state[column]).reduce(skip[head] * input) { $0 + $1.0 * $1.1 }
        return output * silu(projected[row][column])
      }
      let mean = outputs.reduce(0) { $0 + $1 * $1 } / Double(inner)
      return zip(outputs, weight).map { $0 / sqrt(mean + LayerPlan.epsilon) * $1 }
    }
    return linear(prefix + "out_proj", scanned)
  }

  private func convolution(_ x: Rows, _ name: String, taps: Int) -> Rows {
    let weight = tensors[name] ?? []
    return x.indices.map { row in
      x[row].indices.map { channel in
        (0..<taps).reduce(0) { total, tap in
          let from = row - taps + 1 + tap
          return from < 0 ? total : total + Double(weight[channel * taps + tap]) * x[from][channel]
        }
      }
    }
  }

  private func norm(_ kind: LayerPlan.NormKind?, _ x: Rows, _ name: String) -> Rows {
    guard let kind else { return x }
    let weight = (tensors[name + ".weight"] ?? []).map(Double.init)
    return x.map { row in
      let mean = kind == .rms ? 0 : row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      let bias = kind == .rms ? row.map { _ in 0 } : (tensors[name + ".bias"] ?? []).map(Double.init)
      return row.indices.map { (row[$0] - mean) / sqrt(variance + LayerPlan.epsilon) * weight[$0] + bias[$0] }
    }
  }

  private func linear(_ name: String, _ x: Rows) -> Rows {
    let weight = tensors[name + ".weight"] ?? []
    return x.map { row in
      (0..<weight.count / row.count).map { output in
        row.indices.reduce(0) { $0 + row[$1] * Double(weight[output * row.count + $1]) }
      }
    }
  }

  private func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
  private func sum(_ a: Rows, _ b: Rows) -> Rows { zip(a, b).map { zip($0, $1).map { $0 + $1 } } }
  private func scaled(_ x: Rows, _ factor: Float) -> Rows { x.map { $0.map { $0 * Double(factor) } } }
}
