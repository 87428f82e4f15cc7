import Foundation

/// The resident memory of this process in bytes; zeros if the system does not report it as Linux does.
struct ResidentMemory: Sendable {
  /// All of it, with the mapped pages of files.
  let total: Int
  /// Without the mapped pages of files: what was allocated.
  let allocated: Int

  static func now() -> ResidentMemory {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
      return ResidentMemory(total: 0, allocated: 0)
    }
    // In pages: the address space, what is resident, and what of that is mapped from files.
    let pages = text.split(separator: " ").map { Int($0) ?? 0 }
    guard pages.count > 2 else { return ResidentMemory(total: 0, allocated: 0) }
    let size = Int(getpagesize())
    return ResidentMemory(total: pages[1] * size, allocated: (pages[1] - pages[2]) * size)
  }
}
