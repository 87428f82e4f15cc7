import CKernels
import Compute
import Foundation
import Testing

@Suite struct ThreadPoolTests {
  /// What shares write: a count per share, far enough apart.
  private final class Tally {
    let counts: UnsafeMutablePointer<Int>
    let shares: Int
    var step = 0
    init(shares: Int) {
      self.shares = shares
      counts = .allocate(capacity: shares * 16)
      counts.initialize(repeating: 0, count: shares * 16)
    }
    deinit { counts.deallocate() }
    var sums: [Int] { (0..<shares).map { counts[$0 * 16] } }
  }

  private static let addStep: sotto_task = { context, worker, workers in
    guard let context else { return }
    let tally = Unmanaged<Tally>.fromOpaque(context).takeUnretainedValue()
    tally.counts[Int(worker) * 16] += tally.step * Int(workers)
  }

  /// More threads than processors, so that any thread may take a share; pauses, so that threads sleep.
  @Test(arguments: [1, 2, 3, 7, 16]) func everyShareRunsExactlyOnce(threads: Int) {
    let pool = ThreadPool(threads: threads)
    #expect(pool.threads == threads)
    let tally = Tally(shares: threads)
    let context = Unmanaged.passUnretained(tally).toOpaque()
    var expected = 0
    for step in 1...4000 {
      tally.step = step
      sotto_pool_run(pool.handle, Self.addStep, context)
      expected += step * threads
      if step % 1000 == 0 { usleep(3000) }
    }
    #expect(tally.sums == Array(repeating: expected, count: threads))
  }

  @Test func poolsRunConcurrently() async {
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let pool = ThreadPool(threads: 3)
          let tally = Tally(shares: 3)
          for step in 1...500 {
            tally.step = step
            sotto_pool_run(pool.handle, Self.addStep, Unmanaged.passUnretained(tally).toOpaque())
          }
          return tally.sums == Array(repeating: 3 * 500 * 501 / 2, count: 3)
        }
      }
      for await right in group { #expect(right) }
    }
  }

  @Test func poolsEndWhileThreadsSpinOrSleep() {
    for round in 0..<100 {
      let pool = ThreadPool(threads: 4)
      if round % 2 == 0 {
        let tally = Tally(shares: 4)
        sotto_pool_run(pool.handle, Self.addStep, Unmanaged.passUnretained(tally).toOpaque())
      }
      if round % 10 == 0 { usleep(2000) }
    }
  }

  @Test(arguments: [-3, 0, 1]) func aPoolHasAtLeastItsCaller(threads: Int) {
    #expect(ThreadPool(threads: threads).threads == 1)
  }
}
