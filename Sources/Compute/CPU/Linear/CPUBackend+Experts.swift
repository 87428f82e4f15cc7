import CKernels

// A mixture of experts. Entries (a token and one of its experts) are sorted by expert, so that an expert's weights
// are decoded once for all its tokens. Besides routing there are four parallel regions: gate and up projection,
// activation, down projection, and the sum over each token's experts.
extension CPUBackend {
  /// The weighted sum of the outputs of each token's selected experts, weight * down(activation(gate x) * up x), plus
  /// `residual`.
  /// - Parameters:
  ///   - logits: of the router, [rows, experts].
  ///   - residual: as wide as `x`.
  public func mixture(
    _ x: Tensor, logits: Tensor, _ routing: RoutingSettings, _ layers: ExpertLayers,
    adding residual: Tensor?
  ) -> Tensor {
    let experts = logits.columns
    precondition(logits.rows == x.rows, "logits of \(logits.rows) tokens for \(x.rows)")
    let choice = route(logits, routing)
    let order = EntryOrder(choice.experts, of: experts)
    let tokens = order.entries.map { $0 / Int32(routing.count) }

    let (inputs, splits) = layers.input.stacks
    let inner = multiplyExperts(x, rows: tokens, order.starts, inputs, splitsPairs: splits)
    let active =
      layers.input.hasGate ? gated(inner, layers.activation) : activated(inner, layers.activation)
    let everyRow = (0..<Int32(order.entries.count)).map { $0 }
    let outputs = multiplyExperts(active, rows: everyRow, order.starts, [layers.down], splitsPairs: false)

    let (result, y) = make(rows: x.rows, columns: outputs.columns)
    precondition(
      residual.map { $0.rows == x.rows && $0.columns == outputs.columns } ?? true,
      "a residual of another size")
    order.places.withUnsafeBufferPointer { places in
      choice.weights.withUnsafeBufferPointer { weights in
        var call = sotto_combine_call(
          x: pointer(outputs), x_stride: outputs.stride, entries: places.baseAddress,
          weights: weights.baseAddress, tokens: x.rows, count: routing.count, columns: outputs.columns,
          residual: residual.map { pointer($0) }, residual_stride: residual?.stride ?? 0, y: y,
          y_stride: outputs.columns)
        sotto_combine(pool.handle, &call)
      }
    }
    return result
  }

  /// Row i of the result: the expert of entry i applied to row `rows[i]` of `x`, the stacks side by side.
  private func multiplyExperts(
    _ x: Tensor, rows: [Int32], _ starts: [Int32], _ stacks: [Linear], splitsPairs: Bool
  ) -> Tensor {
    let width = stacks.reduce(0) { $0 + $1.outputs }
    let (result, y) = make(rows: rows.count, columns: width)
    let described = stacks.map { stack in
      let weight = matrix(stack.weight)
      precondition(
        weight.columns == x.columns && weight.matrices == starts.count - 1
          && (!splitsPairs || width % 2 == 0),
        "\(weight.matrices) experts of \(weight.columns) inputs for \(starts.count - 1) of \(x.columns)")
      let bias = stack.bias.map { numbers($0, count: weight.matrices * weight.rows) }
      return sotto_expert_layer(
        weight: weight, bias: bias?.pointer, bias_format: bias?.format ?? SOTTO_FLOAT32)
    }
    let status = described.withUnsafeBufferPointer { described in
      rows.withUnsafeBufferPointer { rows in
        starts.withUnsafeBufferPointer { starts in
          var call = sotto_experts_call(
            x: pointer(x), x_stride: x.stride, x_rows: rows.baseAddress, starts: starts.baseAddress,
            layers: described.baseAddress, layer_count: described.count, y: y, y_stride: width,
            precision: productPrecision, splits_pairs: splitsPairs ? 1 : 0,
            y_apart: 0)
          return sotto_experts(workspace.handle, &call)
        }
      }
    }
    precondition(status == 0, "no memory for a matrix product")
    return result
  }

  /// A parameter of `count` unquantised numbers, of one or more dimensions.
  private func numbers(
    _ parameter: Parameter, count: Int
  ) -> (pointer: UnsafeRawPointer?, format: sotto_weight_format) {
    if let vector = parameter.storage as? CPUVector {
      precondition(vector.count == count, "\(vector.count) numbers in place of \(count)")
      return (UnsafeRawPointer(vector.pointer), SOTTO_FLOAT32)
    }
    let matrix = matrix(parameter)
    let isPlain = [SOTTO_FLOAT32, SOTTO_FLOAT16, SOTTO_BFLOAT16].contains(matrix.format)
    precondition(
      isPlain && matrix.matrices * matrix.rows * matrix.columns == count, "not \(count) plain numbers")
    return (matrix.values, matrix.format)
  }
}

extension ExpertLayers.Input {
  fileprivate var hasGate: Bool {
    if case .single = self { false } else { true }
  }

  /// The stacks side by side, and whether gates and values alternate in their rows.
  fileprivate var stacks: (layers: [Linear], splitsPairs: Bool) {
    switch self {
    case .separate(let gate, let up): ([gate, up], false)
    case .interleaved(let both): ([both], true)
    case .single(let up): ([up], false)
    }
  }
}

/// Entries, numbered token * count + k, sorted by expert.
package struct EntryOrder {
  /// The entries in ascending order of experts.
  package let entries: [Int32]
  /// The index of each expert's first entry, and the end.
  package let starts: [Int32]
  /// Each entry's index in `entries`.
  package let places: [Int32]

  /// Counting sort, which is stable.
  package init(_ chosen: [Int32], of experts: Int) {
    var starts = [Int32](repeating: 0, count: experts + 1)
    for expert in chosen { starts[Int(expert) + 1] += 1 }
    for expert in 0..<experts { starts[expert + 1] += starts[expert] }
    var next = starts
    var entries = [Int32](repeating: 0, count: chosen.count), places = entries
    for (entry, expert) in chosen.enumerated() {
      let place = next[Int(expert)]
      next[Int(expert)] += 1
      entries[Int(place)] = Int32(entry)
      places[entry] = place
    }
    self.starts = starts
    self.entries = entries
    self.places = places
  }
}
