#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension Jinja {
  /// The lowest stack address that recursion may reach on the current thread. How much stack a level of nesting
  /// needs depends on the build, and how much there is on the thread, so it is measured instead of estimated.
  /// Valid on the thread that created it.
  struct StackLimit {
    private let lowest: UInt

    /// For what runs between two checks. Frames are many times larger without optimisation.
    private static var reserve: UInt {
      #if DEBUG
        112 << 10
      #else
        64 << 10
      #endif
    }

    init() {
      guard let (base, size) = Self.bounds() else {
        // Unknown: what is left of the smallest stack that systems give to threads.
        lowest = Self.currentAddress - min(Self.currentAddress, 256 << 10)
        return
      }
      // A reserve larger than a small stack would allow nothing at all.
      lowest = base + min(Self.reserve, size / 2)
    }

    /// Whether the reserve is all that is left.
    var isReached: Bool { Self.currentAddress < lowest }

    private static var currentAddress: UInt {
      var marker: UInt8 = 0
      return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
    }

    #if !canImport(Darwin)
      private typealias GetAttributes =
        @convention(c) (
          pthread_t, UnsafeMutablePointer<pthread_attr_t>
        ) -> Int32

      /// `pthread_getattr_np`, which the headers declare only with `_GNU_SOURCE`.
      private static let getAttributes = dlsym(nil, "pthread_getattr_np").map {
        unsafeBitCast($0, to: GetAttributes.self)
      }
    #endif

    /// The lowest address of the current thread's stack and its size in bytes.
    private static func bounds() -> (base: UInt, size: UInt)? {
      #if canImport(Darwin)
        let thread = pthread_self()
        let top = UInt(bitPattern: pthread_get_stackaddr_np(thread))
        let size = UInt(pthread_get_stacksize_np(thread))
        return top > size ? (top - size, size) : nil
      #else
        var attributes = pthread_attr_t()
        guard let getAttributes, getAttributes(pthread_self(), &attributes) == 0 else { return nil }
        defer { pthread_attr_destroy(&attributes) }
        var base: UnsafeMutableRawPointer?
        var size = 0
        guard pthread_attr_getstack(&attributes, &base, &size) == 0, let base, size > 0 else { return nil }
        return (UInt(bitPattern: base), UInt(size))
      #endif
    }
  }
}
