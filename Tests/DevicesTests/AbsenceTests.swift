import Compute
import Devices
import Testing

/// What happens where there is no GPU, or none that can be used.
struct AbsenceTests {
  @Test func automaticAlwaysComputes() throws {
    // No GPU has room for an exabyte.
    let made = try Devices.make(
      .automatic, weights: 1 << 60, precision: .exact, threads: 1, cacheFormat: nil)
    #expect(made.name == nil)
    #expect(made.backend.values(made.backend.tensor([1, 2], columns: 2)) == [1, 2])
  }

  @Test func theProcessorNeedsNoNotice() throws {
    let made = try Devices.make(.processor, weights: 0, precision: .fast, threads: 1, cacheFormat: nil)
    #expect(made.name == nil && made.notice == nil)
  }

  @Test func anAbsentDeviceIsAnError() {
    #expect(throws: UnusableDevice.self) {
      _ = try Devices.make(.cuda(1023), weights: 0, precision: .fast, threads: 1, cacheFormat: nil)
    }
  }

  @Test func absenceHasAReason() {
    switch Devices.gpus() {
    case .success(let gpus): #expect(!gpus.isEmpty)
    case .failure(let problem):
      #expect(!problem.description.isEmpty && !problem.description.contains("\n"))
    }
  }
}
