import CCUDA
import Compute

extension CUDABackend {
  /// The gated delta rule over each sequence's rows.
  public func gatedDelta(
    query: Tensor, key: Tensor, value: Tensor, decay: Tensor, write: Tensor, caches: [any RecurrentCache],
    counts: [Int], _ settings: GatedDeltaSettings
  ) throws -> Tensor {
    try throwIfFailed()
    let keyColumns = settings.keyHeads * settings.keySize
    let valueColumns = settings.valueHeads * settings.valueSize
    var (perChannel, bound): (Bool, Float) = (false, 0)
    if case .perChannel(let lower) = settings.decays { (perChannel, bound) = (true, lower ?? 0) }
    let decays = perChannel ? keyColumns : settings.valueHeads
    precondition(
      settings.valueHeads % settings.keyHeads == 0 && query.columns == keyColumns && key.columns == keyColumns
        && value.columns == valueColumns && decay.columns == decays && write.columns == settings.valueHeads
        && (!perChannel || settings.keyHeads == settings.valueHeads)
        && [query, key, value, decay, write].allSatisfy { $0.rows == query.rows },
      "gated delta inputs that do not fit the settings")
    let (result, y) = make(rows: query.rows, columns: valueColumns)
    var call = sotto_cuda_gated_delta()
    call.log_decay = vector(settings.logDecay, count: settings.valueHeads)
    call.bias = vector(settings.bias, count: decays)
    call.key_heads = Int32(settings.keyHeads)
    call.value_heads = Int32(settings.valueHeads)
    call.key_size = Int32(settings.keySize)
    call.value_size = Int32(settings.valueSize)
    call.tiled = settings.tilesValueHeads ? 1 : 0
    call.per_channel = perChannel ? 1 : 0
    call.lower_bound = bound
    call.write_scale = settings.writeScale
    call.epsilon = settings.epsilon
    let numbers = settings.valueHeads * settings.keySize * settings.valueSize
    forEachSequence(query, caches, counts, numbers: numbers, .state) { start, sequences in
      call.query = rows(of: query).advanced(by: start)
      call.key = rows(of: key).advanced(by: start)
      call.value = rows(of: value).advanced(by: start)
      call.decay = rows(of: decay).advanced(by: start)
      call.write = rows(of: write).advanced(by: start)
      call.y = y + UInt64(4 * start * valueColumns)
      call.sequence_count = Int32(sequences.count)
      Self.store(sequences, in: &call.sequences)
      launch(
        .gatedDelta, call, grid: (settings.valueHeads, sequences.count, 1), threads: 128,
        shared: 3 * settings.keySize * MemoryLayout<Float>.size)
    }
    return result
  }

  /// RWKV-7's rule.
  public func rwkv(
    receptance: Tensor, decay: Tensor, key: Tensor, value: Tensor, rate: Tensor, _ settings: RWKVSettings,
    caches: [any RecurrentCache], counts: [Int]
  ) -> Tensor {
    let columns = settings.heads * settings.size
    precondition(
      [receptance, decay, key, value, rate].allSatisfy { $0.rows == key.rows && $0.columns == columns }
        && (1...RWKVSettings.mostColumns).contains(settings.size),
      "inputs of the rule that do not fit the settings")
    let (result, y) = make(rows: key.rows, columns: columns)
    var call = sotto_cuda_rwkv()
    call.erase = vector(settings.erase, count: columns)
    call.blend = vector(settings.blend, count: columns)
    call.bonus = vector(settings.bonus, count: columns)
    call.norm_weight = vector(settings.norm.weight, count: columns)
    call.norm_bias = vector(settings.norm.bias, count: columns)
    call.heads = Int32(settings.heads)
    call.size = Int32(settings.size)
    call.epsilon = settings.norm.epsilon
    forEachSequence(key, caches, counts, numbers: columns * settings.size, .state) { start, sequences in
      call.receptance = rows(of: receptance).advanced(by: start)
      call.decay = rows(of: decay).advanced(by: start)
      call.key = rows(of: key).advanced(by: start)
      call.value = rows(of: value).advanced(by: start)
      call.rate = rows(of: rate).advanced(by: start)
      call.y = y + UInt64(4 * start * columns)
      call.sequence_count = Int32(sequences.count)
      Self.store(sequences, in: &call.sequences)
      let threads = (settings.size + 31) / 32 * 32
      launch(.rwkv, call, grid: (settings.heads, sequences.count, 1), threads: threads)
    }
    return result
  }
}
