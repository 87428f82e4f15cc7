import Basics
import Checkpoints
import Conversation
import Devices
import Foundation
import Generation
import LocalEngine
import TerminalInterface

/// `sotto bench MODEL --switch OTHER`: alternates between two models as the chat does, with a short answer after each
/// switch, and prints the duration of the switches and the resident memory.
struct SwitchBench {
  let first: String
  let second: String
  let times: Int
  /// Whether only one of the two models may stay in memory, so that each switch loads one and evicts the other.
  let evicts: Bool
  let threads: Int
  let device: DeviceChoice

  /// The measurements: medians in milliseconds, resident memory in bytes.
  struct Result {
    var firstOpening: Double
    var secondOpening: Double
    var switching: Double
    var memoryAfterTwo: Int
    var memoryAfterAll: Int
    /// The GPU of the first model; nil for the processor.
    var device: String?
  }

  func run(_ note: (String) -> Void) async throws -> Result {
    let engine = localChatEngine(
      finder: try ModelFinder.from(UserSettings.load()), threads: threads, device: device,
      limits: GeneratorLimits(modelBytes: evicts ? 1 : nil))
    var result = Result(
      firstOpening: try await time { _ = try await engine.switchModel(to: first) }, secondOpening: 0,
      switching: 0, memoryAfterTwo: 0, memoryAfterAll: 0)
    try await answer(engine)
    result.device = await engine.currentModel()?.device
    result.secondOpening = try await time { _ = try await engine.switchModel(to: second) }
    try await answer(engine)
    var switches: [Double] = []
    for index in 1...times {
      switches.append(
        try await time { _ = try await engine.switchModel(to: index % 2 == 1 ? first : second) })
      try await answer(engine)
      if index == 2 { result.memoryAfterTwo = try await Self.idleMemory() }
      if index % 20 == 0 { note("\(index) of \(times) switches") }
    }
    result.switching = median(switches)
    result.memoryAfterAll = try await Self.idleMemory()
    return result
  }

  private func time(_ work: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await work()
    return (ContinuousClock.now - start).seconds * 1000
  }

  private func answer(_ engine: any ChatEngine) async throws {
    var settings = await engine.defaultSettings()
    settings.maxTokens = 8
    settings.temperature = 0
    let request = ChatRequest(messages: [.init(role: .user, content: "Hello!")], settings: settings)
    for await event in engine.send(request) {
      if case .failed(let message) = event { throw CommandError(message) }
    }
    // Leaves time for the start of the speculative prefill after the answer.
    try await Task.sleep(for: .milliseconds(50))
  }

  /// The resident memory of this process in bytes, after the speculative prefill has finished; 0 if it is not available.
  private static func idleMemory() async throws -> Int {
    try await Task.sleep(for: .seconds(1))
    return ResidentMemory.now().total
  }
}

extension SwitchBench.Result {
  func json() -> JSON {
    [
      "first_opening_ms": .number(firstOpening), "second_opening_ms": .number(secondOpening),
      "switch_ms": .number(switching), "rss_after_2_bytes": .integer(memoryAfterTwo),
      "rss_after_all_bytes": .integer(memoryAfterAll), "device": .string(device ?? "cpu"),
    ]
  }

  func table() -> String {
    func row(_ name: String, _ value: Double, _ unit: String) -> String {
      name.padding(toLength: 34, withPad: " ", startingAt: 0) + String(format: "%10.1f ", value) + unit + "\n"
    }
    return (device.map { $0 + "\n" } ?? "")
      + row("opening the first model", firstOpening, "ms")
      + row("opening the second model", secondOpening, "ms")
      + row("switching, median", switching, "ms")
      + row("resident memory after 2 switches", Double(memoryAfterTwo) / 1e6, "MB")
      + row("resident memory after all", Double(memoryAfterAll) / 1e6, "MB")
  }
}
