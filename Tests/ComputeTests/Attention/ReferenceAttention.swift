import Basics
import Compute
import Foundation

/// Attention without a cache, pages or blocks, in double precision: the reference for the kernels.
struct ReferenceAttention {
  var heads: Int
  var keyValueHeads: Int
  var headSize: Int
  var valueHeadSize: Int
  var scale: Float
  var window: Int?
  var softcap: Float?
  var sinks: [Float]?
  /// Whether values are the first columns of the keys.
  var sharesValues = false

  var queryColumns: Int { heads * headSize }
  var keyColumns: Int { keyValueHeads * headSize }
  var valueColumns: Int { keyValueHeads * valueHeadSize }

  func settings(_ backend: CPUBackend) throws -> AttentionSettings {
    AttentionSettings(
      heads: heads, keyValueHeads: keyValueHeads, headSize: headSize, scale: scale, window: window,
      softcap: softcap, sinks: try sinks.map { try vectorParameter(backend, $0) })
  }

  /// The output for `query` rows, which are the last of the given positions.
  func output(query: [Float], keys: [Float], values: [Float]) -> [Double] {
    let rows = query.count / queryColumns, length = keys.count / keyColumns
    var result = [Double](repeating: 0, count: rows * heads * valueHeadSize)
    for row in 0..<rows {
      let position = length - rows + row
      let first = max(0, window.map { position - $0 + 1 } ?? 0)
      for head in 0..<heads {
        let shared = head / (heads / keyValueHeads)
        var scores = (first...position).map { other -> Double in
          var sum = 0.0
          for d in 0..<headSize {
            sum +=
              Double(query[row * queryColumns + head * headSize + d])
              * Double(keys[other * keyColumns + shared * headSize + d])
          }
          sum *= Double(scale)
          guard let softcap else { return sum }
          return Double(softcap) * tanh(sum / Double(softcap))
        }
        if let sinks { scores.append(Double(sinks[head])) }
        let largest = scores.max() ?? 0
        let weights = scores.map { exp($0 - largest) }
        let total = weights.reduce(0, +)
        for (weight, other) in zip(weights, first...position) {
          for d in 0..<valueHeadSize {
            result[(row * heads + head) * valueHeadSize + d] +=
              weight / total * Double(values[other * valueColumns + shared * valueHeadSize + d])
          }
        }
      }
    }
    return result
  }
}

/// A cache and everything that was appended to it and not truncated.
struct History {
  var cache: any KeyValueCache
  var keys: [Float] = []
  var values: [Float] = []
  /// The most positions that the cache, or the one it was forked from, ever had.
  var longest = 0

  /// Appends random rows to several histories in one call.
  /// - Returns: the call's output and the reference's.
  static func append(
    _ counts: [Int], to histories: inout [History], at indices: [Int], _ backend: CPUBackend,
    _ reference: ReferenceAttention, _ random: inout SplitMix64, rounding: Float? = nil,
    inBytes: Bool = false
  ) throws -> (output: [Float], expected: [Double]) {
    var query: [Float] = [], key: [Float] = [], value: [Float] = []
    var expected: [Double] = []
    func numbers(_ count: Int, _ random: inout SplitMix64) -> [Float] {
      let numbers = random.normals(count, times: 1.5)
      guard let rounding else { return numbers }
      return numbers.map { ($0 * rounding).rounded() / rounding }
    }
    for (index, count) in zip(indices, counts) {
      let q = numbers(count * reference.queryColumns, &random)
      var k = numbers(count * reference.keyColumns, &random)
      var v = numbers(count * reference.valueColumns, &random)
      if inBytes {
        k = eightBits(k, headSize: reference.headSize)
        v = eightBits(v, headSize: reference.valueHeadSize)
      }
      if reference.sharesValues {
        v = stride(from: 0, to: k.count, by: reference.headSize).flatMap {
          k[$0..<$0 + reference.valueHeadSize]
        }
      }
      histories[index].keys += k
      histories[index].values += v
      expected += reference.output(query: q, keys: histories[index].keys, values: histories[index].values)
      query += q
      key += k
      value += v
    }
    let output = try backend.attention(
      query: inset(backend, query, columns: reference.queryColumns, by: 1),
      key: inset(backend, key, columns: reference.keyColumns, by: 2),
      value: inset(backend, value, columns: reference.valueColumns, by: 3),
      caches: indices.map { histories[$0].cache }, counts: counts, try reference.settings(backend))
    for index in indices {
      histories[index].longest = max(histories[index].longest, histories[index].cache.length)
    }
    return (backend.values(output), expected)
  }
}

/// Numbers near `x` that an 8-bit cache holds exactly: multiples of 1/32. The first of every 32 in a head is the
/// largest, so that the scale is 1/32.
private func eightBits(_ x: [Float], headSize: Int) -> [Float] {
  x.enumerated().map { index, x in
    index % headSize % 32 == 0 ? 127 / 32 : min(max((x * 32).rounded(), -127), 127) / 32
  }
}
