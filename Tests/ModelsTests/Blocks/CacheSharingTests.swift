import Basics
import Compute
import Models
import Testing

/// Which layers read the caches of others.
struct CacheSharingTests {
  private func sharing(_ shared: Int, _ windows: [Int?]) throws -> CacheSharing {
    let json = try JSON(parsing: #"{"num_kv_shared_layers": \#(shared)}"#)
    return try CacheSharing(ModelConfiguration(json), windows)
  }

  @Test func eachReadsTheLastLayerOfItsKind() throws {
    let sharing = try sharing(3, [8, nil, 8, nil, 8, nil, nil])
    #expect(sharing.sources == [nil, nil, nil, nil, 2, 3, 3])
    #expect((0..<7).map(sharing.isReadAfter) == [false, false, true, true, false, true, false])
    #expect(try self.sharing(0, [8, nil]).sources == [nil, nil])
  }

  /// A pass longer than a window and the positions kept behind it: the layer that owns the cache must not drop what the
  /// layers that share it still read.
  @Test func longPassesEqualShortOnes() throws {
    let (model, backend) = try TinyModel(name: "gemma4-shared-caches").load(.exact)
    let tokens = (0..<600).map { Int32($0 * 7 % 180) }
    func logits(_ chunk: Int) throws -> [Float] {
      let sequence = SequenceState(caches: model.makeCaches())
      var all: [Float] = []
      for start in stride(from: 0, to: tokens.count, by: chunk) {
        let part = Array(tokens[start..<min(start + chunk, tokens.count)])
        all += backend.values(
          try model.forward(ForwardInput(tokens: part, sequence: sequence, allLogits: true)))
      }
      return all
    }
    let long = try logits(600), short = try logits(50)
    #expect(zip(long, short).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  @Test func aKindWithoutASourceThrows() {
    #expect(throws: ModelError.self) { try sharing(1, [8, 8, nil]) }
    #expect(throws: ModelError.self) { try sharing(2, [8, nil]) }
  }
}
