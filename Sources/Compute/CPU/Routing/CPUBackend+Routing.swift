import CKernels

/// The experts selected for each row: both lists are [rows * count], the best expert of a row first.
package struct ExpertChoice {
  package let experts: [Int32]
  package let weights: [Float]
}

extension CPUBackend {
  /// Selects experts by a router's logits [rows, experts].
  package func route(_ logits: Tensor, _ settings: RoutingSettings) -> ExpertChoice {
    let experts = logits.columns, count = logits.rows * settings.count
    precondition(
      (1...experts).contains(settings.count) && settings.groups >= 1 && experts % settings.groups == 0
        && (1...settings.groups).contains(settings.keptGroups)
        && settings.count <= experts / settings.groups * settings.keptGroups,
      "\(settings.count) of \(experts) experts in \(settings.groups) groups")
    var routing = sotto_routing(
      experts: experts, chosen: settings.count, groups: settings.groups, kept_groups: settings.keptGroups,
      best_of_group: settings.groupScore == .best ? 1 : 0, scoring: settings.scoring.kernel,
      normalises: settings.normalises ? 1 : 0, scale: settings.scale, jitter: settings.scoring.jitter,
      factors: settings.factors.map { vector($0, count: experts) },
      correction: settings.correction.map { vector($0, count: experts) })
    let scratch = buffers.take(2 * logits.rows * experts)
    var weights: [Float] = []
    let chosen = [Int32](unsafeUninitializedCapacity: count) { chosen, chosenCount in
      weights = [Float](unsafeUninitializedCapacity: count) { weights, weightCount in
        sotto_route(
          pool.handle, &routing, rows(of: logits), logits.rows, chosen.baseAddress, weights.baseAddress,
          scratch.pointer)
        weightCount = count
      }
      chosenCount = count
    }
    return ExpertChoice(experts: chosen, weights: weights)
  }
}

extension RoutingSettings.Scoring {
  /// The kernels' constant.
  var kernel: sotto_scoring {
    switch self {
    case .softmaxOverChosen: SOTTO_SOFTMAX_OVER_CHOSEN
    case .softmax: SOTTO_SOFTMAX
    case .sigmoid: SOTTO_SIGMOID
    case .sparseMixer: SOTTO_SPARSE_MIXER
    }
  }

  /// The sparse mixer's jitter; 0 for the others.
  fileprivate var jitter: Float {
    if case .sparseMixer(let jitter) = self { jitter } else { 0 }
  }
}
