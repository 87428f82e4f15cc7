import Compute
import Generation
import LocalEngine
import TerminalInterface

extension ComputeOptions {
  /// Loads the model of a command, and shows the progress if that takes longer than a second.
  /// - Returns: the model's key in the generator.
  func load(
    _ opened: OpenedModel, _ format: CacheFormat?, _ settings: UserSettings, in generator: Generator
  ) async throws -> String {
    let (key, threads, device) = (opened.checkpoint.path, threadCount(settings), device(settings))
    let display = LoadingDisplay(opened.checkpoint.name)
    defer { display.clear() }
    do {
      _ = try await generator.load(key) {
        try opened.load(
          precision: .fast, threads: threads, cacheFormat: format, device: device, observer: display.observer,
          notify: Console.note)
      }
    } catch { throw explained(error, settings) }
    return key
  }
}
