import Basics
import Checkpoints
import Compute
import Models
import Testing

/// Cache sizes beyond any machine's memory throw, even if their product would overflow.
struct CacheSizesTests {
  @Test(arguments: [
    CacheShape.keyValue(heads: 65536, headSize: 65536, window: nil),
    .keyValue(heads: 65536, headSize: 65536, window: 1 << 40),
    .keyValue(heads: .max, headSize: 2, window: 1),
    .keyValue(heads: 1 << 20, headSize: 1 << 20, window: 4096),
    .recurrent(RecurrentShape(channels: 0, taps: 0, heads: 65536, rows: 65536, columns: 65536)),
    .recurrent(RecurrentShape(channels: 1 << 62, taps: 4, heads: 1, rows: 1, columns: 1)),
  ])
  func oversizedCachesThrow(_ shape: CacheShape) {
    #expect(throws: ModelError.self) { try shape.validate(contextLength: 1 << 30) }
  }

  @Test(arguments: [
    CacheShape.keyValue(heads: 128, headSize: 256, window: nil),
    .keyValue(heads: 8, headSize: 128, window: 1 << 40),
    .recurrent(RecurrentShape(channels: 10000, taps: 4, heads: 256, rows: 256, columns: 128)),
  ])
  func largeCachesAreAllowed(_ shape: CacheShape) throws {
    try shape.validate(contextLength: 1 << 20)
  }

  /// A window of the context length or more is dropped, so no size is computed from it.
  @Test(arguments: [(1 << 40, nil), (512, nil), (511, 511)] as [(Int, Int?)])
  func windowsBeyondTheContextAreDropped(_ window: Int, _ expected: Int?) throws {
    let backend = CPUBackend(precision: .exact, threads: 1)
    let configuration = try JSON(
      parsing: """
        {"model_type": "gpt_oss", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
         "head_dim": 16, "intermediate_size": 32, "vocab_size": 64, "max_position_embeddings": 512,
         "num_local_experts": 4, "sliding_window": \(window)}
        """)
    let model = try Registry.model(configuration, RandomWeights(), backend: backend)
    let sequence = SequenceState(caches: model.makeCaches())
    let windows = sequence.caches.map { ($0 as? any KeyValueCache)?.window }
    #expect(windows == [expected, nil])
    #expect(sequence.snapshotBytes < 1 << 30 && sequence.expectedBytes(at: 512) < 1 << 30)
    #expect(sequence.keepsEveryPosition == (expected == nil))
  }
}
