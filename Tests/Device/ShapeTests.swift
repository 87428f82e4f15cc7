import Compute
import ComputeCUDA
import Models

/// Layers of full size with random weights, whose kernels the small models do not reach (heads of 64 and 128 columns, windows,
/// several pages, mixtures of many experts): the logits of steps after a prompt, in `fast`, against the processor's in `exact`.
struct ShapeTests {
  let device: CUDADevice

  private static let names = [
    "gpt-oss-20b", "qwen3-4b", "qwen3-30b-a3b", "llama-3.2-1b", "smollm2-135m", "ling-mini-2.0", "gemma-3-4b",
    "lfm2-1.2b", "falcon-h1-1.5b", "mamba2-2.7b",
  ]
  private static let layers = 2
  /// Several pages; behind the window of GPT-OSS.
  private static let prompt = 300
  private static let steps = 24

  /// Runs the tests whose name contains `filter`; returns the number of failures.
  func run(filter: String) -> Int {
    let names = Self.names.filter { filter.isEmpty || $0.contains(filter) }
    var failed = 0
    for name in names {
      var problem: String?
      do { problem = try run(name) } catch { problem = "\(error)" }
      if let problem {
        failed += 1
        say("FAILED \(name): \(problem)")
      }
    }
    say("\(names.count - failed) passed, \(failed) failed")
    return failed
  }

  /// What is wrong, or nil.
  private func run(_ name: String) throws -> String? {
    let backend = try CUDABackend(device: device, precision: .fast)
    let shape = try SyntheticShape.named(name, layers: Self.layers)
    let model = try shape.model(backend: backend)
    let repeated = try Self.logits(model, backend)
    let again = try Self.logits(model, backend)
    // Products of few rows, and of panels of 16 and 32 rows.
    let together = try [3, 13, 32].map { try Self.logits(model, backend, sequences: $0) }
    backend.recordsSteps = false
    let single = try Self.logits(model, backend)
    try backend.throwIfFailed()
    guard repeated == again else { return "steps differ from run to run" }
    guard repeated == single else { return "repeated steps differ from steps that are computed one by one" }
    let exact = CPUBackend(precision: .exact), fast = CPUBackend(precision: .fast)
    let expected = try Self.logits(shape.model(backend: exact), exact)
    let host = Self.median(try Self.logits(shape.model(backend: fast), fast), expected)
    let found = Self.median(repeated, expected)
    let batch = together.map { Self.median($0, expected) }.max() ?? .infinity
    say("\(name): distance of steps \(found), of several together \(batch), of the processor's \(host)")
    // Their inputs are rounded alike.
    let bar = max(0.1, 1.5 * host)
    return found < bar && batch < bar ? nil : "distances \(found) and \(batch), at most \(bar)"
  }

  /// The logits after each step of a sequence, which may be one of several equal ones.
  private static func logits(
    _ model: any LanguageModel, _ backend: any Backend, sequences count: Int = 1
  ) throws -> [[Float]] {
    let vocabulary = model.facts.vocabularyCount
    let tokens = (0..<prompt + steps).map { Int32(($0 &* 7919 &+ 13) % vocabulary) }
    let first = SequenceState(caches: model.makeCaches())
    _ = backend.values(
      try model.forward(ForwardInput(tokens: Array(tokens[..<prompt]), sequence: first)))
    let sequences = [first] + (1..<count).map { _ in first.fork() }
    return try tokens[prompt...].map { token in
      let input = ForwardInput(
        tokens: Array(repeating: token, count: count), sequences: sequences,
        counts: Array(repeating: 1, count: count), outputs: Array(0..<count))
      return Array(backend.values(try model.forward(input)).prefix(vocabulary))
    }
  }

  /// The median distance of the steps.
  private static func median(_ ours: [[Float]], _ expected: [[Float]]) -> Float {
    let distances = zip(ours, expected).map { distance([$0], [$1]) }.sorted()
    return distances[distances.count / 2]
  }
}
