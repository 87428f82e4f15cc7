import Basics
import Compute
import Generation
import Models
import TestSupport
import Testing

/// A layer may have several caches of any kind: all are saved, in order.
struct MixedCachesTests {
  private let backend = CPUBackend(precision: .exact, threads: 1)
  private static let convolution = RecurrentShape(channels: 8, taps: 3, heads: 0, rows: 0, columns: 0)

  private func makeCaches() -> [any LayerCache] {
    [
      backend.keyValueCache(heads: 1, headSize: 8, window: nil), backend.recurrentCache(Self.convolution),
      backend.keyValueCache(heads: 2, headSize: 4, window: 20),
      backend.keyValueCache(heads: 1, headSize: 8, window: nil, sharedValues: 5),
    ]
  }

  /// Appends rows to every cache.
  /// - Returns: the outputs of attention and convolution.
  private func process(_ range: Range<Int>, _ state: SequenceState) throws -> [Float] {
    let x = backend.tensor(
      range.flatMap { row in (0..<8).map { Float((row * 7 + $0 * 3) % 11) / 11 } }, columns: 8)
    let weight = try backend.parameter(
      Weight(
        format: .float32, shape: [8, 3], values: Bytes(copying: (0..<24).map { Float($0) / 24 })))
    var output: [Float] = []
    for (index, cache) in state.caches.enumerated() {
      if let cache = cache as? any KeyValueCache {
        let heads = cache.window == nil ? 1 : 2
        let settings = AttentionSettings(
          heads: heads, keyValueHeads: heads, headSize: 8 / heads, scale: 1, window: cache.window)
        let value = index == 3 ? backend.columns(x, 0..<5) : x
        output += backend.values(
          try backend.attention(
            query: x, key: x, value: value, caches: [cache], counts: [range.count], settings))
      } else if let cache = cache as? any RecurrentCache {
        output += backend.values(
          backend.causalConvolution(
            x, weight: weight, bias: nil, activation: nil, caches: [cache], counts: [range.count]))
      }
    }
    state.advance(by: range.count)
    return output
  }

  @Test func allCachesAreSaved() throws {
    let folder = try TemporaryFolder()
    let store = CacheStore(folder: folder.path, limit: 1 << 20)
    let state = SequenceState(caches: makeCaches())
    _ = try process(0..<90, state)
    let ledger = (0..<90).map { Int32($0) }
    try store.save(StoredPrompt(state, ledger: ledger), for: .session("a"), model: "m")

    let stored = try #require(try store.load(.session("a"), model: "m"))
    let restored = try stored.state(in: makeCaches())
    #expect(restored.length == 90 && restored.caches.map(\.length) == [90, 90, 90, 90])
    #expect(try process(90..<97, restored) == process(90..<97, state))

    let other = Array(makeCaches().reversed())
    #expect(throws: PromptFileError.self) { try stored.state(in: other) }
    #expect(throws: PromptFileError.self) { try stored.state(in: Array(makeCaches().dropLast())) }
  }
}
