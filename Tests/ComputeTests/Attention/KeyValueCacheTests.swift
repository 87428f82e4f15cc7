import Basics
import Compute
import Testing

extension KernelTests {
  @Suite struct KeyValueCacheTests {
    static let settings: [(seed: Int, window: Int?, format: CacheFormat)] = (0..<18).map { seed in
      (seed, [nil, 30, 64, 100][seed % 4], CacheFormat.allCases[seed % 3])
    }

    /// Random appends, truncations and forks, each compared with attention over the whole history.
    @Test(arguments: settings) func randomOperationsEqualTheWholeHistory(
      seed: Int, window: Int?, format: CacheFormat
    ) throws {
      var random = SplitMix64(seed: seed)
      let precision: Precision = format == .float16 ? .fast : .exact
      let backend = CPUBackend(precision: precision, threads: 2, cacheFormat: format)
      var reference = ReferenceAttention(
        heads: 4, keyValueHeads: 2, headSize: 10, valueHeadSize: 6, scale: 0.3, window: window)
      if seed % 2 == 1 { reference.sinks = [0.5, -1, 2, 0] }
      reference.sharesValues = seed >= 12
      var histories = [
        History(
          cache: backend.keyValueCache(
            heads: 2, headSize: 10, window: window, sharedValues: reference.sharesValues ? 6 : nil))
      ]
      for _ in 0..<120 {
        let index = Int.random(in: 0..<histories.count, using: &random)
        let history = histories[index]
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1:
          guard histories.count < 6, let fork = history.cache.fork() as? any KeyValueCache else { continue }
          #expect(fork.length == history.cache.length && fork.bytes == history.cache.bytes)
          var copy = history
          copy.cache = fork
          histories.append(copy)
        case 2, 3:
          let length = Int.random(in: 0...history.cache.length, using: &random)
          guard history.cache.canTruncate(to: length) else {
            #expect(window != nil && history.longest - length > 256)
            continue
          }
          history.cache.truncate(to: length)
          #expect(history.cache.length == length)
          histories[index].keys.removeLast(history.keys.count - length * reference.keyColumns)
          histories[index].values.removeLast(history.values.count - length * reference.valueColumns)
        case 4 where histories.count > 1:
          histories.remove(at: index)
        default:
          let most = Int.random(in: 0..<8, using: &random) == 0 ? 200 : 20
          let indices = Set((0..<3).map { _ in Int.random(in: 0..<histories.count, using: &random) }).sorted()
          let counts = indices.map { _ in Int.random(in: 0...most, using: &random) }
          let (output, expected) = try History.append(
            counts, to: &histories, at: indices, backend, reference, &random,
            rounding: precision == .fast ? 8 : nil, inBytes: format == .int8)
          #expect(largestDifference(output, expected) < (precision == .fast ? 0.05 : 2e-5))
          for index in indices {
            #expect(histories[index].cache.length * reference.keyColumns == histories[index].keys.count)
          }
        }
      }
    }

    private func append(_ count: Int, to cache: any KeyValueCache, _ backend: CPUBackend) throws {
      let numbers = [Float](repeating: 1, count: count * 16)
      let tensor = backend.tensor(numbers, columns: 16)
      _ = try backend.attention(
        query: tensor, key: tensor, value: tensor, caches: [cache], counts: [count],
        AttentionSettings(heads: 1, keyValueHeads: 1, headSize: 16, scale: 1, window: cache.window))
    }

    @Test(arguments: CacheFormat.allCases) func memoryFollowsTheLength(format: CacheFormat) throws {
      let backend = CPUBackend(precision: .exact, threads: 1, cacheFormat: format)
      let cache = backend.keyValueCache(heads: 1, headSize: 16, window: nil)
      // In 8 bits, with two scales of 16 bits per position.
      let page = 64 * [.float32: 32 * 4, .float16: 32 * 2, .int8: 32 + 2 * 2][format, default: 0]
      #expect(cache.bytes == 0 && cache.length == 0)
      try append(1, to: cache, backend)
      #expect(cache.bytes == page)
      try append(63, to: cache, backend)
      #expect(cache.bytes == page)
      try append(1, to: cache, backend)
      #expect(cache.bytes == 2 * page)
      cache.truncate(to: 64)
      #expect(cache.bytes == page)
      cache.truncate(to: 0)
      #expect(cache.bytes == 0)
    }

    @Test func aWindowHoldsNoMoreThanItNeeds() throws {
      let backend = CPUBackend(precision: .exact, threads: 1)
      let cache = backend.keyValueCache(heads: 1, headSize: 16, window: 100)
      for count in [1, 300, 64, 1000, 1, 1] + [Int](repeating: 1, count: 200) {
        try append(count, to: cache, backend)
        #expect(cache.bytes <= (100 + 256 + 2 * 64) * 32 * 4)
      }
      #expect(cache.canTruncate(to: cache.length - 256))
      #expect(!cache.canTruncate(to: cache.length - 400) && !cache.canTruncate(to: 0))
      #expect(!cache.canTruncate(to: cache.length + 1) && !cache.canTruncate(to: -1))
    }
  }
}
