import CKernels
import Compute
import Foundation
import Synchronization
import Testing

/// Kernel tests run one after another, since each uses all processors.
@Suite(.serialized) struct KernelTests {}

@Suite struct InstructionSetTests {
  @Test func anUnsupportedLevelIsIgnored() {
    let before = sotto_isa()
    #if arch(x86_64)
      #expect(sotto_set_isa(SOTTO_ISA_NEON) == before)
    #else
      #expect(sotto_set_isa(SOTTO_ISA_AVX512) == before)
    #endif
  }

  /// Tests run concurrently: a test that changes the level must not affect others.
  @Test func aLevelAppliesToItsThreadAndItsShares() {
    let program = sotto_isa(), pool = ThreadPool(threads: 3)
    /// What each share of a run stores at its place.
    func shares(_ task: sotto_task) -> [Int32] {
      var seen = [Int32](repeating: 7, count: 3)
      seen.withUnsafeMutableBufferPointer { sotto_pool_run(pool.handle, task, $0.baseAddress) }
      return seen
    }
    onEveryLevel { level in
      let elsewhere = Thread.result { sotto_isa() }
      #expect(elsewhere == program)
      // Several runs, so that every thread of the pool takes a share.
      for _ in 0..<50 {
        let levels = shares { context, worker, _ in
          context?.assumingMemoryBound(to: Int32.self)[Int(worker)] = Int32(sotto_isa().rawValue)
          usleep(10)
        }
        #expect(levels.allSatisfy { $0 == Int32(sotto_isa().rawValue) }, "\(level): \(levels)")
      }
    }
    #expect(sotto_isa() == program)
    // The pool's threads return to the program's level with the next run.
    let choices = shares { context, worker, _ in
      context?.assumingMemoryBound(to: Int32.self)[Int(worker)] = sotto_chosen_isa()
      usleep(100)
    }
    #expect(choices == [-1, -1, -1])
  }

  @Test func levelsHaveNames() {
    let names = (0..<SOTTO_ISA_LEVELS.rawValue).map { String(cString: sotto_isa_name(.init($0))) }
    #expect(names == ["portable", "neon", "avx2", "avx512"])
    #expect(String(cString: sotto_isa_name(.init(99))) == "unknown")
  }
}

extension Thread {
  /// The result of `body` on a thread of its own; nil if it has not ended.
  fileprivate static func result<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result? {
    let done = DispatchSemaphore(value: 0), box = Mutex<Result?>(nil)
    Thread.detachNewThread {
      let result = body()
      box.withLock { $0 = result }
      done.signal()
    }
    done.wait()
    return box.withLock { $0 }
  }
}
