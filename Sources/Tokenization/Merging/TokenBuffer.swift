/// A growing row of token numbers that a merger may take back from. Not shared between threads.
struct TokenBuffer: ~Copyable {
  private(set) var tokens: UnsafeMutablePointer<UInt32>
  private(set) var capacity: Int
  var count = 0

  init(capacity: Int = 1024) {
    self.capacity = capacity
    tokens = .allocate(capacity: capacity)
  }

  deinit { tokens.deallocate() }

  /// Makes room for so many more.
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

  /// Adds one. Requires that room was made.
  @inline(__always)
  mutating func append(_ token: UInt32) {
    tokens[count] = token
    count &+= 1
  }

  /// The last one, if there are more than `base`.
  @inline(__always)
  func last(above base: Int) -> UInt32 { count > base ? tokens[count &- 1] : VocabularyLayout.none }

  /// A copy as an array.
  func array() -> [Int32] {
    [Int32](unsafeUninitializedCapacity: count) { array, initialized in
      for index in 0..<count { array[index] = Int32(truncatingIfNeeded: tokens[index]) }
      initialized = count
    }
  }
}
