import ComputeCUDA
import Foundation
import Testing

/// The file of compiled kernels: fat binaries one after another.
struct KernelFileTests {
  /// A fat binary with a body of `count` bytes: magic number, version, size of the header, size of the body.
  private func binary(_ count: Int, magic: UInt32 = 0xba55_ed50, header: UInt16 = 16, size: UInt64? = nil)
    -> Data
  {
    var data = Data()
    withUnsafeBytes(of: magic) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt16(1)) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: header) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: size ?? UInt64(count)) { data.append(contentsOf: $0) }
    return data + Data(repeating: 7, count: count)
  }

  @Test func splitsAtTheSizesInTheHeaders() {
    let parts = [binary(40), binary(0), binary(8)]
    #expect(KernelFile.split(parts[0] + parts[1] + parts[2]) == parts)
  }

  @Test func rejectsDamage() {
    let whole = binary(40)
    #expect(KernelFile.split(Data()) == nil)
    #expect(KernelFile.split(whole.dropLast()) == nil)
    #expect(KernelFile.split(whole + Data([1, 2, 3])) == nil)
    #expect(KernelFile.split(binary(8, magic: 0)) == nil)
    #expect(KernelFile.split(binary(8, header: 2)) == nil)
    #expect(KernelFile.split(binary(8, size: .max)) == nil)
  }
}

struct AttentionPlanTests {
  @Test(arguments: [(1, 8), (2, 8), (33, 8), (513, 8), (40, 4096), (0, 1), (2048, 1)])
  func coversEveryPage(_ pages: Int, _ blocks: Int) {
    let plan = AttentionPlan(pages: pages, blocks: blocks)
    #expect(plan.splits >= 1 && plan.splits <= 32 && plan.pages >= 1)
    #expect(plan.splits * plan.pages >= pages)
    // The plan is made for up to a quarter more pages, and has no range beyond them.
    let rounded = AttentionPlan.rounded(pages)
    #expect(rounded >= pages && (pages <= 3 || rounded * 4 <= pages * 5 + 4))
    #expect((plan.splits - 1) * plan.pages < rounded)
  }

  @Test(arguments: [(1, 8), (4, 8), (9, 8), (33, 8), (513, 8), (40, 256), (0, 1), (2048, 1)], [4, 8])
  func rangesOfStepsAreWholeRounds(_ size: (pages: Int, blocks: Int), _ warps: Int) {
    let plan = AttentionPlan(stepPages: size.pages, blocks: size.blocks, warps: warps)
    let rounded = AttentionPlan.rounded(size.pages)
    // Each of a block's warps has as many pages.
    #expect(plan.pages % warps == 0 && plan.splits >= 1 && plan.splits <= 32)
    #expect(plan.splits * plan.pages >= rounded && (plan.splits - 1) * plan.pages < rounded)
    if rounded <= 2 * warps || size.blocks >= 128 { #expect(plan.splits == 1) }
    if rounded > 2 * warps && size.blocks <= 8 { #expect(plan.splits > 1) }
  }

  @Test func manyRowsAreNotSplit() {
    #expect(AttentionPlan(pages: 100, blocks: 4096).splits == 1)
  }
}

struct DeviceMemoryTests {
  @Test(arguments: [1, 256, 257, 320, 321, 1000, 4096, 4097, 1 << 20, (1 << 20) + 1, 123_456_789])
  func sizeClassesHoldTheirBlocks(_ bytes: Int) {
    let size = DeviceMemory.sizeClass(bytes)
    #expect(size >= bytes && size % 64 == 0)
    #expect(size <= max(256, bytes + bytes / 4 + 64))
    // A block of the class's size is of the same class.
    #expect(DeviceMemory.sizeClass(size) == size)
  }
}
