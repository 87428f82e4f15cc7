import Dispatch

/// The transpositions of packed words, in stripes of the target's rows that all processors share.
enum Repacking {
  /// The nibble of a word that holds output 8j + i in AWQ's files.
  static let awqPlaces = [0, 4, 1, 5, 2, 6, 3, 7]

  /// Words of a row of the source in a stripe: what is read of it is a cache line.
  private static let side = 16

  /// target[column][row] = source[row][column], in squares that stay in the cache.
  static func transpose(
    _ source: UnsafeBufferPointer<UInt32>, _ rows: Int, _ columns: Int, _ target: UnsafeMutablePointer<UInt32>
  ) {
    // Each stripe has rows of the target of its own.
    nonisolated(unsafe) let (source, target) = (source, target)
    inStripes(of: columns) { stripe in
      for top in stride(from: 0, to: rows, by: side) {
        for column in stripe {
          for row in top..<min(top + side, rows) {
            target[column * rows + row] = source[row * columns + column]
          }
        }
      }
    }
  }

  /// AWQ's words [inputs, outputs / 8] as words of eight inputs, [outputs, inputs / 8].
  static func transposeNibbles(
    _ source: UnsafeBufferPointer<UInt32>, _ inputs: Int, _ outputs: Int,
    _ target: UnsafeMutablePointer<UInt32>
  ) {
    let width = outputs / 8, rowWords = inputs / 8
    nonisolated(unsafe) let (source, target) = (source, target)
    inStripes(of: width) { stripe in
      for block in 0..<rowWords {
        for first in stride(from: stripe.lowerBound, to: stripe.upperBound, by: 8) {
          let count = min(8, stripe.upperBound - first), start = 8 * block * width + first
          func words(_ input: Int) -> SIMD8<UInt32> {
            var words = SIMD8<UInt32>()
            for lane in 0..<count { words[lane] = source[start + input * width + lane] }
            return words
          }
          var a = words(0), b = words(1), c = words(2), d = words(3)
          var e = words(4), f = words(5), g = words(6), h = words(7)
          exchange(&a, &e, 16, 0x0000_ffff)
          exchange(&b, &f, 16, 0x0000_ffff)
          exchange(&c, &g, 16, 0x0000_ffff)
          exchange(&d, &h, 16, 0x0000_ffff)
          exchange(&a, &c, 8, 0x00ff_00ff)
          exchange(&b, &d, 8, 0x00ff_00ff)
          exchange(&e, &g, 8, 0x00ff_00ff)
          exchange(&f, &h, 8, 0x00ff_00ff)
          exchange(&a, &b, 4, 0x0f0f_0f0f)
          exchange(&c, &d, 4, 0x0f0f_0f0f)
          exchange(&e, &f, 4, 0x0f0f_0f0f)
          exchange(&g, &h, 4, 0x0f0f_0f0f)
          // Now they hold the nibbles 0 to 7 of the words; outputs are in the order of `awqPlaces`.
          for lane in 0..<count {
            let row = target + 8 * (first + lane) * rowWords + block
            row[0] = a[lane]
            row[rowWords] = e[lane]
            row[2 * rowWords] = b[lane]
            row[3 * rowWords] = f[lane]
            row[4 * rowWords] = c[lane]
            row[5 * rowWords] = g[lane]
            row[6 * rowWords] = d[lane]
            row[7 * rowWords] = h[lane]
          }
        }
      }
    }
  }

  /// Exchanges the upper parts of `a` with the lower parts of `b`: a step in the transposition of a matrix of nibbles.
  @inline(__always)
  private static func exchange(
    _ a: inout SIMD8<UInt32>, _ b: inout SIMD8<UInt32>, _ shift: UInt32, _ mask: UInt32
  ) {
    let difference = (a &>> SIMD8(repeating: shift) ^ b) & SIMD8(repeating: mask)
    b ^= difference
    a ^= difference &<< SIMD8(repeating: shift)
  }

  private static func inStripes(of count: Int, _ body: @Sendable (Range<Int>) -> Void) {
    DispatchQueue.concurrentPerform(iterations: (count + side - 1) / side) { index in
      body(index * side..<min((index + 1) * side, count))
    }
  }
}
