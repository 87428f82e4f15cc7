/// A growable buffer of tokens from which the end can be removed. Not thread-safe.
struct TokenBuffer: ~Copyable {
  private(set) var tokens: UnsafeMutablePointer<UInt32>
  private(set) var capacity: Int
  var count = 0

  init(capacity: Int = 1024) {
    self.capacity = capacity
    tokens = .allocate(capacity: capacity)
  }

  deinit { tokens.deallocate() }

  /// Reserves capacity for `more` additional tokens.
  @inline(__always)
  mutating func reserve(_ more: Int) {
    if capacity &- count < more { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    let larger = max(capacity * 2, count + more)
    let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: larger)
    copy.update(from: tokens, count: count)
    tokens.deallocate()
    tokens = copy
    capacity = larger
  }

  /// Appends one token. Requires reserved capacity.
  @inline(__always)
  mutating func append(_ token: UInt32) {
    tokens[count] = token
    count &+= 1
  }

  /// The last token at or above index `base`; `none` if there is none.
  @inline(__always)
  func last(above base: Int) -> UInt32 { count > base ? tokens[count &- 1] : VocabularyLayout.none }

  /// The tokens as an array.
  func array() -> [Int32] {
    [Int32](unsafeUninitializedCapacity: count) { array, initialized in
      for index in 0..<count { array[index] = Int32(truncatingIfNeeded: tokens[index]) }
      initialized = count
    }
  }
}
