import Compute

/// Root mean square normalisation with a learnt weight.
struct RMSNorm {
  let weight: Parameter
  let epsilon: Float
  /// 1 where checkpoints store the weight's distance from 1 (Gemma).
  var offset: Float = 0

  /// Normalises each group of as many columns as the weight has.
  func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor {
    backend.rmsNorm(x, weight: weight, groupSize: weight.columns, epsilon: epsilon, offset: offset)
  }
}
