import Basics
import Compute
import Testing

extension KernelTests.AttentionTests {
  /// Bit for bit: what the cache holds of a prompt, and which requests share its prefixes, must not affect the rest.
  @Test(
    arguments: shapes + [Shape(heads: 4, keyValueHeads: 2, headSize: 16, calls: [1990, 7, 1, 160, 2100, 3])],
    [(Precision.exact, CacheFormat.float32), (.exact, .float16), (.fast, .float16), (.fast, .int8)])
  func promptsDoNotDependOnTheirDivision(shape: Shape, kind: (Precision, CacheFormat)) throws {
    var random = SplitMix64(seed: shape.headSize)
    let reference = shape.reference(&random), total = shape.calls.reduce(0, +)
    let columns = [reference.queryColumns, reference.keyColumns, reference.valueColumns]
    let numbers = columns.map { random.normals($0 * total, times: 2) }
    let backend = CPUBackend(precision: kind.0, threads: 2, cacheFormat: kind.1)
    var settings = try reference.settings(backend)
    settings.isPrefill = true
    func outputs(_ calls: [Int]) throws -> [Float] {
      let cache = backend.keyValueCache(
        heads: shape.keyValueHeads, headSize: shape.headSize, window: shape.window,
        sharedValues: shape.sharedValues)
      var first = 0
      return try calls.flatMap { rows in
        let inputs = zip(numbers, columns).map { all, columns in
          backend.tensor(Array(all[first * columns..<(first + rows) * columns]), columns: columns)
        }
        first += rows
        return backend.values(
          try backend.attention(
            query: inputs[0], key: inputs[1], value: inputs[2], caches: [cache], counts: [rows], settings))
      }
    }
    try onEveryLevel { level in
      let whole = try outputs([total])
      #expect(try outputs(shape.calls) == whole, "\(level)")
      #expect(try outputs(shape.calls.reversed()) == whole, "\(level), reversed")
    }
  }
}
