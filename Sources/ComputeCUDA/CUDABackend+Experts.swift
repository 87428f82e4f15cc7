import CCUDA
import Compute

// A mixture of experts. The choice stays on the device. For a few tokens, each entry (a token and one of its experts)
// reads its expert's matrices; for many, entries are sorted by expert, so that an expert's matrices are read once.
extension CUDABackend {
  /// Entries up to which each reads its expert's matrices by itself.
  private static let fewEntries = 32

  /// The weighted sum of the outputs of each token's selected experts, plus `residual`.
  public func mixture(
    _ x: Tensor, logits: Tensor, _ routing: RoutingSettings, _ layers: ExpertLayers,
    adding residual: Tensor?
  ) -> Tensor {
    let experts = logits.columns, count = routing.count, entries = x.rows * count
    precondition(logits.rows == x.rows, "logits of \(logits.rows) tokens for \(x.rows)")
    guard experts <= Self.mostExperts else {
      fail(.unsupported("a mixture of \(experts) experts"))
      return make(rows: x.rows, columns: layers.down.outputs).tensor
    }
    let chosen = take(bytes: 4 * max(entries, 1)), weights = take(bytes: 4 * max(entries, 1))
    let choice = choice(logits, routing, chosen: chosen, weights: weights)
    let down = described([layers.down], experts: experts, inputs: layers.down.weight.columns)
    let (stacks, splits) = layers.input.described
    let inputs = described(stacks, experts: experts, inputs: x.columns)
    if x.rows == 1, count <= 32, layers.input.isGated, layers.activation.isGate, hasRow(inputs),
      hasRow(down, rows: count)
    {
      return mixtureOfRow(x, choice, inputs, down, layers, splits: splits, adding: residual)
    }
    launch(.routing, choice, grid: (logits.rows, 1, 1), threads: 32)

    var call = Self.linearCall()
    call.tokens = Int32(entries)
    call.matrices = Int32(experts)
    call.experts = chosen.address
    var places: CUDABuffer?
    call.most_rows = Int32(x.rows)
    let isStreamed =
      streamPlan(inputs, rows: x.rows, entries: entries) != nil
      && streamPlan(down, rows: x.rows, entries: entries) != nil
    let isFew = isStreamed || entries <= Self.fewEntries
    let order = isFew ? nil : sorted(chosen, entries: entries, experts: experts)
    if let order {
      call.selection = Int32(SOTTO_CUDA_SORTED.rawValue)
      call.order = order.order.address
      call.starts = order.starts.address
      places = order.places
    } else {
      call.selection = Int32(SOTTO_CUDA_ENTRIES.rawValue)
    }

    let width = stacks.reduce(0) { $0 + $1.outputs }
    let (inner, innerAddress) = make(rows: entries, columns: width)
    setInputs(
      &call, x,
      rowsOnly: isFew && Self.parts(inputs).allSatisfy { normalises($0, rows: x.rows, entries: entries) })
    call.y = innerAddress
    call.y_stride = Int64(width)
    call.rows_per_entry = Int32(count)
    call.splits_pairs = splits ? 1 : 0
    multiply(&call, inputs)
    call.normalises = 0
    let active =
      layers.input.isGated ? gated(inner, layers.activation) : activated(inner, layers.activation)

    let columns = layers.down.outputs
    let (outputs, outputAddress) = make(rows: entries, columns: columns)
    call.x = rows(of: active)
    call.y = outputAddress
    call.y_stride = Int64(columns)
    call.rows_per_entry = isFew ? 1 : 0
    call.splits_pairs = 0
    precondition(active.columns == layers.down.weight.columns, "inner columns of another size")
    multiply(&call, down)

    let (result, y) = make(rows: x.rows, columns: columns)
    precondition(
      residual.map { $0.rows == x.rows && $0.columns == columns } ?? true, "a residual of another size")
    let sum = sotto_cuda_combination(
      x: rows(of: outputs), residual: rows(of: residual), places: places?.address ?? 0,
      weights: weights.address, y: y, tokens: Int32(x.rows), count: Int32(count), columns: Int32(columns))
    launch(.combination, sum, grid: ((columns + 255) / 256, x.rows, 1), threads: 256)
    return result
  }

  /// A mixture for one row: the first product chooses the experts and applies the gates, the second adds up the experts'
  /// outputs.
  private func mixtureOfRow(
    _ x: Tensor, _ choice: sotto_cuda_routing, _ inputs: [sotto_cuda_layer], _ down: [sotto_cuda_layer],
    _ layers: ExpertLayers, splits: Bool, adding residual: Tensor?
  ) -> Tensor {
    let count = Int(choice.count), inner = layers.down.weight.columns, columns = layers.down.outputs
    let (active, activeAddress) = make(rows: count, columns: inner)
    let (result, y) = make(rows: 1, columns: columns)
    precondition(
      residual.map { $0.rows == 1 && $0.columns == columns } ?? true, "a residual of another size")
    // May take a kernel, which must not come between the two products.
    let residual = rows(of: residual) as sotto_cuda_rows
    var call = Self.linearCall()
    call.tokens = Int32(count)
    call.matrices = Int32(choice.experts)
    call.selection = Int32(SOTTO_CUDA_ENTRIES.rawValue)
    setInputs(&call, x, rowsOnly: true)
    var sum = call
    sum.normalises = 0
    if choice.isSimple {
      call.routing = choice
      sum.routing = choice
      // The kernel ahead has multiplied the same rows to get the logits.
      call.inputs_are_early = latestRow.result == choice.logits.data && latestRow.x == call.x.data ? 1 : 0
    } else {
      launch(.routing, choice, grid: (1, 1, 1), threads: 32)
      call.experts = choice.chosen
      sum.experts = choice.chosen
      sum.sum_weights = choice.weights
    }
    call.y = activeAddress
    call.y_stride = Int64(inner)
    call.rows_per_entry = Int32(count)
    call.splits_pairs = splits ? 1 : 0
    Self.set(&call, inputs)
    precondition(call.outputs == 2 * Int64(inner), "inner columns of another size")
    setGate(&call, layers.activation)
    runRow(call, .gated)
    sum.x = rows(of: active)
    sum.residual = residual
    sum.y = y
    sum.y_stride = Int64(columns)
    sum.rows_per_entry = 1
    Self.set(&sum, down)
    runRow(sum, .sum)
    return result
  }

  /// The kernels' limit.
  private static let mostExperts = 1024

  /// How the experts are chosen, for a kernel.
  private func choice(
    _ logits: Tensor, _ settings: RoutingSettings, chosen: CUDABuffer, weights: CUDABuffer
  ) -> sotto_cuda_routing {
    let experts = logits.columns
    precondition(
      (1...experts).contains(settings.count) && settings.groups >= 1 && experts % settings.groups == 0
        && (1...settings.groups).contains(settings.keptGroups)
        && settings.count <= experts / settings.groups * settings.keptGroups,
      "\(settings.count) of \(experts) experts in \(settings.groups) groups")
    var jitter: Float = 0
    let scoring: sotto_cuda_scoring
    switch settings.scoring {
    case .softmaxOverChosen: scoring = SOTTO_CUDA_SOFTMAX_OVER_CHOSEN
    case .softmax: scoring = SOTTO_CUDA_SOFTMAX
    case .sigmoid: scoring = SOTTO_CUDA_SIGMOID_SCORES
    case .sparseMixer(let value):
      scoring = SOTTO_CUDA_SPARSE_MIXER
      jitter = value
    }
    return sotto_cuda_routing(
      logits: rows(of: logits), correction: settings.correction.map { vector($0, count: experts) } ?? 0,
      factors: settings.factors.map { vector($0, count: experts) } ?? 0, chosen: chosen.address,
      weights: weights.address, rows: Int32(logits.rows), experts: Int32(experts),
      count: Int32(settings.count), groups: Int32(settings.groups), kept_groups: Int32(settings.keptGroups),
      best_of_group: settings.groupScore == .best ? 1 : 0, scoring: Int32(scoring.rawValue),
      normalises: settings.normalises ? 1 : 0, scale: settings.scale, jitter: jitter)
  }

  private func sorted(
    _ chosen: CUDABuffer, entries: Int, experts: Int
  ) -> (starts: CUDABuffer, order: CUDABuffer, places: CUDABuffer) {
    let starts = take(bytes: 4 * (experts + 1)), order = take(bytes: 4 * entries)
    let places = take(bytes: 4 * entries)
    let call = sotto_cuda_sorting(
      chosen: chosen.address, starts: starts.address, order: order.address, places: places.address,
      entries: Int32(entries), experts: Int32(experts))
    launch(.sorting, call, grid: (experts, 1, 1), threads: 256)
    return (starts, order, places)
  }

  private func described(_ stacks: [Linear], experts: Int, inputs: Int) -> [sotto_cuda_layer] {
    var first = 0
    return stacks.map { stack in
      let weight = matrix(stack.weight)
      precondition(
        weight.columns == inputs && weight.matrices == experts,
        "\(weight.matrices) experts of \(weight.columns) inputs for \(experts) of \(inputs)")
      defer { first += stack.outputs }
      return sotto_cuda_layer(
        weight: weight, bias: stack.bias.map { numbers($0, count: experts * stack.outputs) } ?? 0,
        first: Int64(first))
    }
  }
}

extension ExpertLayers.Input {
  /// The stacks whose outputs are computed together, and whether gate and up projection alternate.
  fileprivate var described: (stacks: [Linear], splitsPairs: Bool) {
    switch self {
    case .separate(let gate, let up): ([gate, up], false)
    case .interleaved(let both): ([both], true)
    case .single(let up): ([up], false)
    }
  }

  /// Whether there is a gate.
  fileprivate var isGated: Bool {
    if case .single = self { false } else { true }
  }
}

extension sotto_cuda_routing {
  /// Whether routing.cuh chooses so: without groups, among experts that one warp holds.
  fileprivate var isSimple: Bool {
    experts <= 128 && kept_groups == groups && scoring != Int32(SOTTO_CUDA_SPARSE_MIXER.rawValue)
  }
}
