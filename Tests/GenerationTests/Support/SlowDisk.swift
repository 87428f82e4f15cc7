import Dispatch
import Generation

/// A cache folder whose disk writes a block only when it is told to, so that a test knows what happens in the middle
/// of a save.
final class SlowDisk: Sendable {
  private let permits = DispatchSemaphore(value: 0)
  /// Says that a block waits for its permission.
  private let blocks: AsyncStream<Void>
  private let arrive: @Sendable () -> Void

  init() {
    let (blocks, arriving) = AsyncStream.makeStream(of: Void.self)
    self.blocks = blocks
    arrive = { arriving.yield() }
  }

  /// A store on this disk.
  func store(_ folder: String, limit: Int = 1 << 30) -> CacheStore {
    var store = CacheStore(folder: folder, limit: limit)
    store.beforeBlock = { [self] in
      arrive()
      permits.wait()
    }
    return store
  }

  /// Waits until a save is under way.
  func nextBlock() async { for await _ in blocks { return } }

  /// The disk is fast from now on.
  func goOn() { for _ in 0..<10_000 { permits.signal() } }
}
