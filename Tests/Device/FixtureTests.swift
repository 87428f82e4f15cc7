import Checkpoints
import Compute
import ComputeCUDA
import Foundation
import Models

/// The tiny models under Tests/ModelsTests/Fixtures on a GPU: logits against the reference in the files, and caches against
/// passes without them.
final class FixtureTests {
  let device: CUDADevice
  let folder: String
  private var passed = 0
  private var failed = 0

  init(device: CUDADevice, folder: String) {
    self.device = device
    self.folder = folder
  }

  /// The largest distance from the reference, relative to the standard deviation of the logits.
  ///
  /// BitNet rounds activations to 8 bits: one that lies between two steps is rounded either way by the order of summation
  /// (transformers in float32 and in float64: 0.029).
  private static func bar(_ fixture: Fixture) -> Float { fixture.name.contains("bitnet") ? 0.05 : 1e-3 }

  /// Runs the tests whose name contains `filter`; returns the number of failures.
  func run(filter: String) throws -> Int {
    if "sampling".contains(filter) { check("sampling") { try SamplingTests.run(device) } }
    if "scans".contains(filter) { check("scans") { try ScanTests.run(device) } }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    for name in names where filter.isEmpty || name.contains(filter) {
      check("\(name): exact") { try exact(Fixture(folder: folder, name: name)) }
      check("\(name): fast") { try fast(Fixture(folder: folder, name: name)) }
      check("\(name): caches") { try caches(Fixture(folder: folder, name: name)) }
      check("\(name): batch") { try batch(Fixture(folder: folder, name: name)) }
      check("\(name): steps") { try steps(Fixture(folder: folder, name: name)) }
      check("\(name): tokens") { try tokens(Fixture(folder: folder, name: name)) }
      // For runs that are interrupted.
      say("\(name): \(passed) passed so far")
    }
    say("\(passed) passed, \(failed) failed")
    return failed
  }

  /// Runs a test, which returns what is wrong, or nil.
  private func check(_ name: String, _ test: () throws -> String?) {
    let problem: String?
    do { problem = try test() } catch { problem = "\(error)" }
    if let problem {
      failed += 1
      say("FAILED \(name): \(problem)")
    } else {
      passed += 1
    }
  }

  /// Passes of many, of few and of single tokens.
  private func exact(_ fixture: Fixture) throws -> String? {
    let (tokens, expected) = try fixture.reference()
    let (model, backend) = try fixture.load(.exact, device)
    for chunks in [[40] + Array(repeating: 1, count: 8), [1, 2, 17, 5, 3, 16, 4]] {
      let sequence = SequenceState(caches: model.makeCaches())
      let ours = try Self.logits(model, backend, tokens, chunks: chunks, sequence)
      let found = distance(ours, expected)
      if !(found < Self.bar(fixture)) { return "distance \(found) in passes of \(chunks.prefix(3))" }
    }
    return nil
  }

  /// Passes of many tokens and passes of few, which have other kernels: the median distance of each.
  ///
  /// Where the processor's rounding changes the choice of experts, its distance is the bar: a small Qwen3-Next in 4 bits
  /// has 0.39 from position 40 on.
  private func fast(_ fixture: Fixture) throws -> String? {
    let (tokens, expected) = try fixture.reference()
    func medians(_ model: any LanguageModel, _ backend: any Backend) throws -> [Float] {
      let sequence = SequenceState(caches: model.makeCaches())
      let ours = try Self.logits(model, backend, tokens, chunks: [40, 1, 1, 1, 5], sequence)
      let distances = zip(ours, expected).map { distance([$0], [$1]) }
      return [distances[..<40], distances[40...]].map { $0.sorted()[$0.count / 2] }
    }
    let (model, backend) = try fixture.load(.fast, device)
    let found = try medians(model, backend)
    if found.allSatisfy({ $0 < 0.2 }) { return nil }
    let host = CPUBackend(precision: .fast, threads: 2)
    let bars = try medians(Registry.model(fixture.checkpoint(), backend: host), host).map { max($0, 0.2) }
    return zip(found, bars).allSatisfy { $0 < $1 } ? nil : "median distances \(found), at most \(bars)"
  }

  /// Forks, truncation, and images restored by this backend and by the processor's.
  private func caches(_ fixture: Fixture) throws -> String? {
    let (tokens, expected) = try fixture.reference()
    let (model, backend) = try fixture.load(.exact, device)
    let sequence = SequenceState(caches: model.makeCaches())
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<20]), sequence: sequence))
    let image = sequence.image()
    var states = [("fork", sequence.fork())]
    let restored = SequenceState(caches: model.makeCaches())
    try restored.restore(image)
    states.append(("restored", restored))
    _ = try model.forward(ForwardInput(tokens: [1, 2, 3, 4], sequence: sequence))
    if sequence.caches.allSatisfy({ $0 is any KeyValueCache }) {
      sequence.truncate(to: 20)
      states.append(("truncated", sequence))
    }
    for (name, state) in states {
      let ours = try Self.logits(model, backend, Array(tokens[20...]), chunks: [28], state)
      let found = distance(ours, Array(expected[20...]))
      if !(found < Self.bar(fixture)) { return "\(name): distance \(found)" }
    }
    let host = CPUBackend(precision: .exact, threads: 2)
    let other = try Registry.model(fixture.checkpoint(), backend: host)
    let moved = SequenceState(caches: other.makeCaches())
    try moved.restore(image)
    let ours = try Self.logits(other, host, Array(tokens[20...]), chunks: [28], moved)
    let found = distance(ours, Array(expected[20...]))
    return found < Self.bar(fixture) ? nil : "restored by the processor: distance \(found)"
  }

  /// Two sequences in one pass.
  private func batch(_ fixture: Fixture) throws -> String? {
    let (tokens, expected) = try fixture.reference()
    let (model, backend) = try fixture.load(.exact, device)
    let first = SequenceState(caches: model.makeCaches())
    let second = SequenceState(caches: model.makeCaches())
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<30]), sequence: first))
    _ = try model.forward(ForwardInput(tokens: Array(tokens[..<7]), sequence: second))
    let both = ForwardInput(
      tokens: Array(tokens[30..<33]) + Array(tokens[7..<20]), sequences: [first, second], counts: [3, 13],
      outputs: [0, 2, 3, 15])
    let output = try model.forward(both)
    let ours = Self.rows(backend.values(output), model.facts.vocabularyCount)
    let found = distance(ours, [30, 32, 7, 19].map { expected[$0] })
    if !(found < Self.bar(fixture)) { return "distance \(found)" }
    // The largest logit by the device and by the host.
    let greedy = backend.ids(backend.argmax(output))
    let wanted = ours.map { row in Int32(row.indices.max { row[$0] < row[$1] } ?? -1) }
    return greedy == wanted ? nil : "greedy \(greedy) where the largest are \(wanted)"
  }

  /// Repeated decoding steps against the same steps without a record: over the ends of pages, of one sequence and of two,
  /// and with a fork that shares memory.
  private func steps(_ fixture: Fixture) throws -> String? {
    for precision in [Precision.exact, .fast] {
      var results: [[[Float]]] = []
      for records in [true, false] {
        let (model, backend) = try fixture.load(precision, device)
        backend.recordsSteps = records
        results.append(try Self.decoded(model, backend))
      }
      // The same kernels in the same order.
      if let at = zip(results[0], results[1]).enumerated().first(where: { $0.element.0 != $0.element.1 })?
        .offset
      {
        return "\(precision): step \(at) differs by \(distance([results[0][at]], [results[1][at]]))"
      }
    }
    return nil
  }

  private func tokens(_ fixture: Fixture) throws -> String? {
    let (model, backend) = try fixture.load(.exact, device)
    let host = CPUBackend(precision: .exact, threads: 2)
    return try TokenTests.run(
      TokenTests.Side(model: model, backend: backend),
      TokenTests.Side(model: Registry.model(fixture.checkpoint(), backend: host), backend: host),
      fixture.reference().tokens, bar: Self.bar(fixture))
  }

  private static func decoded(_ model: any LanguageModel, _ backend: any Backend) throws -> [[Float]] {
    let vocabulary = model.facts.vocabularyCount, count = min(150, model.facts.contextLength - 24)
    func token(_ i: Int) -> Int32 { Int32((i * 7 + 3) % vocabulary) }
    let first = SequenceState(caches: model.makeCaches()), second = SequenceState(caches: model.makeCaches())
    _ = try model.forward(ForwardInput(tokens: (0..<20).map(token), sequence: first))
    _ = try model.forward(ForwardInput(tokens: (0..<9).map(token), sequence: second))
    var kept: SequenceState?, logits: [[Float]] = []
    for i in 0..<max(count, 0) {
      if i == 30 { kept = first.fork() }
      let sequences = i % 50 < 25 ? [first] : [first, second]
      let input = ForwardInput(
        tokens: sequences.indices.map { token(i + $0) }, sequences: sequences,
        counts: sequences.map { _ in 1 }, outputs: Array(sequences.indices))
      logits.append(backend.values(try model.forward(input)))
    }
    // The fork still has the state of its time.
    if let kept {
      logits.append(backend.values(try model.forward(ForwardInput(tokens: [5], sequence: kept))))
    }
    return logits
  }

  /// The logits after every token, computed in passes of these sizes.
  private static func logits(
    _ model: any LanguageModel, _ backend: any Backend, _ tokens: [Int32], chunks: [Int],
    _ sequence: SequenceState
  ) throws -> [[Float]] {
    var logits: [[Float]] = [], position = 0
    for size in chunks {
      let chunk = Array(tokens[position..<position + size])
      let output = try model.forward(ForwardInput(tokens: chunk, sequence: sequence, allLogits: true))
      logits += rows(backend.values(output), model.facts.vocabularyCount)
      try (backend as? any FallibleBackend)?.throwIfFailed()
      position += size
    }
    return logits
  }

  private static func rows(_ values: [Float], _ width: Int) -> [[Float]] {
    stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
  }
}
