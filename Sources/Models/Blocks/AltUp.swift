import Basics
import Compute

/// The parallel residual streams of alternating updates (AltUp, arXiv:2301.13310) in Gemma 3n: [rows, count * hidden].
struct AltUpShape {
  let count: Int
  /// The stream that layers compute.
  let active: Int
  let hidden: Int

  /// One stream.
  func stream(_ index: Int, of x: Tensor, on backend: any Backend) -> Tensor {
    backend.columns(x, index * hidden..<(index + 1) * hidden)
  }

  /// The stream that layers compute.
  func active(_ x: Tensor, on backend: any Backend) -> Tensor { stream(active, of: x, on: backend) }

  /// `count` copies side by side.
  func repeated(_ x: Tensor, count: Int, on backend: any Backend) -> Tensor {
    (1..<max(count, 1)).reduce(x) { all, _ in backend.joined(all, x) }
  }

  /// All streams, with `own` added to all but the first.
  func adding(_ own: Tensor, exceptFirst x: Tensor, on backend: any Backend) -> Tensor {
    let others = backend.columns(x, hidden..<count * hidden)
    let sum = backend.add(others, repeated(own, count: count - 1, on: backend), scale: 1)
    return backend.joined(stream(0, of: x, on: backend), sum)
  }
}

/// Predicts the streams before a layer from each other, and corrects them after it by the change of the active one.
struct AltUp {
  let shape: AltUpShape
  let norm: RMSNorm
  let router: Linear
  /// For each stream that is read, the coefficients of all that are predicted.
  let prediction: Linear
  let correction: Linear

  /// Loads `router_norm`, `modality_router`, `prediction_coefs` and `correction_coefs` below `prefix`.
  init(_ prefix: String, _ shape: AltUpShape, epsilon: Double, _ weights: ModelWeights) throws {
    let count = shape.count
    self.shape = shape
    norm = try weights.norm(prefix + "router_norm", size: shape.hidden, epsilon: epsilon)
    router = try weights.linear(prefix + "modality_router", inputs: shape.hidden, outputs: count)
    // The file has the coefficients of each predicted stream together.
    let order = (0..<count).flatMap { read in (0..<count).map { $0 * count + read..<$0 * count + read + 1 } }
    prediction = try weights.linear(
      prefix + "prediction_coefs", inputs: count, outputs: count * count, rowOrder: order)
    correction = try weights.linear(prefix + "correction_coefs", inputs: count, outputs: count)
  }

  /// Each stream plus the weighted sum of all.
  func predictions(_ x: Tensor, on backend: any Backend) -> Tensor {
    let modalities = modalities(shape.active(x, on: backend), on: backend)
    let coefficients = backend.linear(modalities, [prediction], adding: nil)
    return (0..<shape.count).reduce(x) { sum, index in
      let copies = shape.repeated(
        shape.stream(index, of: x, on: backend), count: shape.count, on: backend)
      let factors = backend.columns(coefficients, index * shape.count..<(index + 1) * shape.count)
      return backend.add(sum, backend.gated(copies, by: factors, .identity), scale: 1)
    }
  }

  /// Each stream plus 1 + a coefficient times the active one's change.
  func corrected(_ predictions: Tensor, _ activated: Tensor, on backend: any Backend) -> Tensor {
    let factors = backend.linear(modalities(activated, on: backend), [correction], adding: nil)
    let change = backend.add(activated, shape.active(predictions, on: backend), scale: -1)
    let changes = shape.repeated(change, count: shape.count, on: backend)
    let sum = backend.add(predictions, changes, scale: 1)
    return backend.add(sum, backend.gated(changes, by: factors, .identity), scale: 1)
  }

  private func modalities(_ x: Tensor, on backend: any Backend) -> Tensor {
    let routed = backend.scaled(norm(x, on: backend), by: 1 / Float(shape.hidden), softcap: nil)
    return backend.activated(backend.linear(routed, [router], adding: nil), .tanh)
  }
}

/// The streams before the first layer: the embedding and projections of it, all of one magnitude.
struct AltUpExpansion: BlockBody {
  let shape: AltUpShape
  let projections: [Linear]
  let mean: RowMean

  init(_ name: String, _ shape: AltUpShape, _ weights: ModelWeights) throws {
    self.shape = shape
    projections = try weights.streamProjections(name, shape)
    mean = try RowMean(shape.hidden, weights)
  }

  /// - Parameter residual: not used: the result takes the place of the embedding.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    let magnitude = mean.magnitude(x, on: backend)
    return projections.reduce(x) { all, projection in
      backend.joined(
        all, mean.scaled(backend.linear(x, [projection], adding: nil), to: magnitude, on: backend))
    }
  }
}

/// The mean of the streams after the last layer, all but the first of them projected and of its magnitude.
struct AltUpReduction: BlockBody {
  let shape: AltUpShape
  let projections: [Linear]
  let mean: RowMean

  init(_ name: String, _ shape: AltUpShape, _ weights: ModelWeights) throws {
    self.shape = shape
    projections = try weights.streamProjections(name, shape)
    mean = try RowMean(shape.hidden, weights)
  }

  /// - Parameter residual: not used: the result takes the place of the streams.
  func callAsFunction(
    _ x: Tensor, _ input: ForwardInput, slot: Int, adding residual: Tensor?, on backend: any Backend
  ) -> Tensor {
    let first = shape.stream(0, of: x, on: backend)
    let magnitude = mean.magnitude(first, on: backend)
    let sum = projections.enumerated().reduce(first) { sum, projection in
      let stream = shape.stream(projection.offset + 1, of: x, on: backend)
      let projected = backend.linear(stream, [projection.element], adding: nil)
      return backend.add(sum, mean.scaled(projected, to: magnitude, on: backend), scale: 1)
    }
    return backend.scaled(sum, by: 1 / Float(shape.count), softcap: nil)
  }
}

/// Means over the columns of each row: [rows, 1].
struct RowMean {
  private let weight: Linear

  init(_ columns: Int, _ weights: ModelWeights) throws {
    let numbers = [Float](repeating: 1 / Float(columns), count: columns)
    weight = Linear(weight: try weights.backend.parameter(Weight(shape: [1, columns], numbers: numbers)))
  }

  func callAsFunction(_ x: Tensor, on backend: any Backend) -> Tensor {
    backend.linear(x, [weight], adding: nil)
  }

  /// The root mean square of each row: the mean of x times its normalised form.
  func magnitude(_ x: Tensor, on backend: any Backend) -> Tensor {
    self(backend.gated(x, by: normed(x, on: backend), .identity), on: backend)
  }

  /// Each row with another root mean square.
  func scaled(_ x: Tensor, to magnitude: Tensor, on backend: any Backend) -> Tensor {
    backend.gated(normed(x, on: backend), by: magnitude, .identity)
  }

  private func normed(_ x: Tensor, on backend: any Backend) -> Tensor {
    backend.rmsNorm(x, weight: nil, groupSize: x.columns, epsilon: 1e-12, offset: 0)
  }
}

extension ModelWeights {
  /// The projections of all streams but the first: separate, or in one tensor (GGUF).
  fileprivate func streamProjections(_ name: String, _ shape: AltUpShape) throws -> [Linear] {
    let (others, hidden) = (shape.count - 1, shape.hidden)
    guard contains(name + ".weight") else {
      return try (0..<others).map { try linear("\(name).\($0)", inputs: hidden, outputs: hidden) }
    }
    let all = try stored(name + ".weight", [others, hidden, hidden])
    work.add(all, promptShare: 1, generationShare: 1)
    let rows = try Weight(
      format: all.format, shape: [others * hidden, hidden], values: all.values, scales: all.scales,
      biases: all.biases)
    return try (0..<others).map {
      Linear(weight: try backend.parameter(rows.rows($0 * hidden..<($0 + 1) * hidden)))
    }
  }
}
