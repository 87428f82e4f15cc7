import CCUDA
import Compute

/// A recorded pass of one token for each of some sequences, whose kernels can be launched for the tokens that follow: as
/// graphs, two calls of the driver in place of hundreds.
///
/// The kernels read the tokens, and how far the sequences have advanced since, from `inputs`. Everything else must be as
/// it was recorded: the memory of the caches (`keys`) and the division of attention among blocks. All sequences must have
/// advanced equally, because the kernels read one advance. Results are in memory of the step's own, which the next launch
/// overwrites.
package final class CUDAStep {
  /// What a cache's part of the recorded kernels depends on.
  struct Key: Equatable {
    let first: UInt64
    let second: UInt64
  }

  private struct WeakCache { weak var cache: (any CUDALayerCache)? }

  private let caches: [WeakCache]
  private let keys: [Key]
  /// The positions before the recorded pass, for each cache.
  private let lengths: [Int]
  let inputs: CUDAStepInputs
  /// The logits.
  var output: CUDABuffer
  let rows: Int
  let columns: Int
  private let graphs: CUDAGraphs
  private let stream: CUDAStream
  /// Where the pass's results are.
  let memory: DeviceMemory

  /// - Parameter lengths: the positions before the recorded pass, for each cache.
  init(
    caches: [any CUDALayerCache], keys: [Key], lengths: [Int], inputs: CUDAStepInputs, output: CUDABuffer,
    columns: Int, graphs: CUDAGraphs, memory: DeviceMemory, on backend: CUDABackend
  ) {
    self.caches = caches.map { WeakCache(cache: $0) }
    self.keys = keys
    self.lengths = lengths
    self.inputs = inputs
    self.output = output
    self.columns = columns
    rows = inputs.count
    self.graphs = graphs
    self.memory = memory
    stream = backend.stream
  }

  /// Whether it was recorded for these caches.
  func isOf(_ others: [any CUDALayerCache]) -> Bool {
    caches.count == others.count && zip(caches, others).allSatisfy { $0.cache === $1 }
  }

  /// Whether a sequence that it was recorded for is gone.
  var isStale: Bool { caches.contains { $0.cache == nil } }

  /// The advance with which it computes the next pass of its caches; nil if it cannot, or if the last results are still
  /// referenced.
  func advance(_ now: [Key], lengths: [Int]) -> Int32? {
    guard keys == now, isKnownUniquelyReferenced(&output) else { return nil }
    return Self.advance(from: self.lengths, to: lengths)
  }

  /// How far all caches have advanced; nil unless all have equally. A sequence advances otherwise when it computes with
  /// other ones meanwhile, or when it is truncated.
  package static func advance(from recorded: [Int], to lengths: [Int]) -> Int32? {
    guard let first = recorded.first, lengths.count == recorded.count else { return nil }
    let advance = lengths[0] - first
    guard advance >= 0, zip(recorded, lengths).allSatisfy({ $1 - $0 == advance }) else { return nil }
    return Int32(exactly: advance)
  }

  /// Enqueues the pass for these tokens.
  func launch(_ tokens: Tokens, advances: Int32, on backend: CUDABackend) -> Tensor {
    let hasGraphs = graphs.areMade
    inputs.set(tokens, advances: advances, areSingle: !hasGraphs, on: backend)
    if hasGraphs {
      backend.enqueue { graphs.enqueue(stream.handle) ?? 0 }
    } else {
      backend.launchAll(graphs.launches)
    }
    return Tensor(rows: rows, columns: columns, storage: output)
  }
}

/// What changes from step to step: the advance of all sequences and, 16 bytes further on, the tokens.
struct CUDAStepInputs {
  let buffer: CUDABuffer
  let count: Int
  private static let tokensAt = 16

  /// - Throws: `outOfMemory`.
  init(count: Int, _ memory: DeviceMemory) throws(CUDAProblem) {
    self.count = count
    buffer = try memory.take(Self.tokensAt + 4 * count)
  }

  /// The tokens for the recorded pass.
  func tokens(on backend: CUDABackend) -> Tokens {
    Tokens(count: count, device: CUDATokens(buffer: buffer, address: buffer.address + UInt64(Self.tokensAt)))
  }

  /// Enqueues a copy of the tokens and the advance, by a kernel: it costs less than two copies.
  /// - Parameter areSingle: whether kernels are launched for them one by one, which may read what earlier passes have stored
  ///   before they wait: then earlier passes end before.
  func set(_ tokens: Tokens, advances: Int32, areSingle: Bool = false, on backend: CUDABackend) {
    var call = sotto_cuda_ids()
    call.to = buffer.address + UInt64(Self.tokensAt)
    call.advance_to = buffer.address
    call.advance = advances
    call.count = Int32(count)
    switch tokens.storage {
    case .host(let ids):
      withUnsafeMutableBytes(of: &call.few) { few in ids.withUnsafeBytes { few.copyMemory(from: $0) } }
    case .device(let object):
      guard let made = object as? CUDATokens else { preconditionFailure("tokens of another backend") }
      call.from = made.address
    }
    backend.launch(.ids, call, grid: (1, 1, 1), threads: 32, overlaps: !areSingle)
  }
}

/// Tokens on the device.
final class CUDATokens {
  let buffer: CUDABuffer
  let address: UInt64
  /// Their way to the host, once it has begun.
  var reading: CUDAReading?
  /// The ids, once they are read.
  var ids: [Int32]?

  init(buffer: CUDABuffer, address: UInt64) {
    self.buffer = buffer
    self.address = address
  }
}

/// A cache whose part in a recorded step can be repeated.
protocol CUDALayerCache: LayerCache {
  /// Makes room for one more position, in memory of its own.
  /// - Returns: what a recorded step depends on; nil if the cache has never been used.
  func prepareStep() -> CUDAStep.Key?
  /// Advances by the position that a repeated step has computed.
  func advanceStep()
}

/// The kernels of a pass in order, before they are launched.
struct CUDARecording {
  var launches: [CUDAGraphs.Launch] = []
  let memory: DeviceMemory
  /// The address of the advance.
  let advance: UInt64
}
