import CKernels

// A mixture of experts: rows are sorted by expert, each expert's rows go through its matrices together, and
// every row gathers its experts' results. Costs three products on the chosen experts alone.
extension CPUBackend {
  /// The weighted sum of each row's chosen experts, plus `residual`.
  public func mixture(
    _ x: Tensor, logits: Tensor, _ routing: RoutingSettings, _ layers: ExpertLayers,
    adding residual: Tensor?
  ) -> Tensor {
    let choice = route(logits, routing)
    let order = ExpertOrder(choice.experts, chosen: routing.count, experts: logits.columns)
    let hidden = gatedInputs(x, order, layers)
    let outputs = make(rows: order.rows.count, columns: layers.down.outputs)
    expertProduct(
      hidden, rows: order.identity, order, layers.down, into: outputs.pointer,
      stride: layers.down.outputs)
    let (result, target) = make(rows: x.rows, columns: layers.down.outputs)
    let start = residual.map { rows(of: $0) } ?? sotto_rows(data: nil, stride: 0)
    sotto_combine_experts(
      pool.handle, target, rows(of: outputs.tensor), order.slots, choice.weights, routing.count, start,
      x.rows, layers.down.outputs)
    return result
  }

  /// activation(gate x) * up x for every chosen expert of every row, in the order of the experts.
  private func gatedInputs(_ x: Tensor, _ order: ExpertOrder, _ layers: ExpertLayers) -> Tensor {
    let inner: Int
    switch layers.input {
    case .separate(let gate, let up):
      inner = gate.outputs
      let (both, target) = make(rows: order.rows.count, columns: 2 * inner)
      expertProduct(x, rows: order.rows, order, gate, into: target, stride: 2 * inner)
      expertProduct(x, rows: order.rows, order, up, into: target + inner, stride: 2 * inner)
      return gated(both, layers.activation)
    case .stacked(let stack):
      inner = stack.outputs / 2
      let (both, target) = make(rows: order.rows.count, columns: 2 * inner)
      expertProduct(x, rows: order.rows, order, stack, into: target, stride: 2 * inner)
      return gated(both, layers.activation)
    case .interleaved(let stack):
      inner = stack.outputs / 2
      let (both, target) = make(rows: order.rows.count, columns: 2 * inner)
      expertProduct(x, rows: order.rows, order, stack, into: target, stride: 2 * inner)
      guard case .clampedSwiGLU(let alpha, let limit) = layers.activation else {
        preconditionFailure("only the clamped SwiGLU is stored in pairs")
      }
      let (result, output) = make(rows: order.rows.count, columns: inner)
      sotto_swiglu_pairs(pool.handle, output, rows(of: both), both.rows, inner, alpha, limit)
      return result
    }
  }

  /// Row i of the output is row `rows[i]` of x times its expert's matrix.
  private func expertProduct(
    _ x: Tensor, rows: [Int32], _ order: ExpertOrder, _ layer: Linear, into y: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    let weight = matrix(layer.weight)
    precondition(weight.columns == x.columns && weight.matrices == order.starts.count - 1, "other experts")
    let bias = layer.bias.map { vector($0, count: weight.matrices * weight.rows) }
    let status = rows.withUnsafeBufferPointer { rows in
      order.starts.withUnsafeBufferPointer { starts in
        var call = sotto_experts_call(
          x: pointer(x), x_stride: x.stride, x_rows: rows.baseAddress, starts: starts.baseAddress,
          weight: weight, bias: bias, y: y, y_stride: stride,
          precision: precision == .exact ? SOTTO_EXACT : SOTTO_FAST)
        return sotto_experts(workspace.handle, &call)
      }
    }
    precondition(status == 0, "no memory for the experts' products")
  }
}

/// The rows of a batch sorted by the experts that they chose.
struct ExpertOrder {
  /// The row of each entry.
  let rows: [Int32]
  /// Entries of expert e are starts[e] ..< starts[e + 1].
  let starts: [Int32]
  /// Where each choice of each row went.
  let slots: [Int32]

  /// - Parameter choices: `chosen` experts a row, row by row. Costs two passes over them (a counting sort).
  init(_ choices: [Int32], chosen: Int, experts: Int) {
    var starts = [Int32](repeating: 0, count: experts + 1)
    for expert in choices { starts[Int(expert) + 1] += 1 }
    for expert in 0..<experts { starts[expert + 1] += starts[expert] }
    var next = starts
    var rows = [Int32](repeating: 0, count: choices.count)
    var slots = rows
    for (index, expert) in choices.enumerated() {
      let slot = next[Int(expert)]
      next[Int(expert)] += 1
      rows[Int(slot)] = Int32(index / chosen)
      slots[index] = slot
    }
    self.rows = rows
    self.starts = starts
    self.slots = slots
  }

  /// Entries in their own order.
  var identity: [Int32] { (0..<Int32(rows.count)).map { $0 } }
}
