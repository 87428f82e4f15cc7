import Devices
import Testing

struct DeviceChoiceTests {
  @Test(arguments: [
    ("auto", DeviceChoice.automatic), ("cpu", .processor), ("cuda", .cuda(0)), ("cuda:0", .cuda(0)),
    ("cuda:7", .cuda(7)),
  ])
  func readsNames(_ text: String, _ choice: DeviceChoice) {
    #expect(DeviceChoice(text) == choice)
  }

  @Test(arguments: ["", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:x", "cuda:1024", "cuda:99999999999999999999"])
  func rejectsOthers(_ text: String) {
    #expect(DeviceChoice(text) == nil)
  }

  @Test(arguments: [DeviceChoice.automatic, .processor, .cuda(0), .cuda(3)])
  func readsItsOwnText(_ choice: DeviceChoice) {
    #expect(DeviceChoice(choice.description) == choice)
  }
}

struct DevicePlanTests {
  @Test func fitsWithTheReserve() {
    #expect(DevicePlan(weights: 12 << 30, free: 13 << 30) == .gpu)
    #expect(DevicePlan(weights: 12 << 30, free: 13 << 30).notice == nil)
  }

  @Test func tooLargeByOneByte() {
    let plan = DevicePlan(weights: 12 << 30 + 1, free: 13 << 30)
    #expect(plan == .tooLarge(needed: 13 << 30 + 1, free: 13 << 30))
  }

  @Test func saysTheNumbers() {
    let notice = DevicePlan(weights: 12_000_000_000, free: 8_000_000_000).notice ?? ""
    #expect(notice.contains("13.0 GB") && notice.contains("8.0 GB"))
  }

  @Test func survivesHugeFiles() {
    #expect(DevicePlan(weights: .max, free: 1 << 40) == .tooLarge(needed: .max, free: 1 << 40))
  }
}
