import Dispatch
import Generation

/// A cache folder whose disk writes a block only when permitted, to test what happens during a save.
final class SlowDisk: Sendable {
  private let permits = DispatchSemaphore(value: 0)
  /// Signals that a block waits for permission.
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

  /// Waits until a save has started.
  func nextBlock() async { for await _ in blocks { return } }

  /// Permits all further blocks.
  func goOn() { for _ in 0..<10_000 { permits.signal() } }
}
