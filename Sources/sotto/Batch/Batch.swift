import Basics
import Generation
import LocalEngine

/// The requests of `sotto batch`: reads lines ahead of the generator and passes on the answers as they are complete.
struct Batch {
  let opened: OpenedModel
  let generator: Generator
  let key: String
  let defaults: SamplingSettings
  let maxTokens: Int
  let isRaw: Bool
  let cancellation: CancellationFlag
  let progress: BatchProgress
  /// The identifiers of the requests that were answered before.
  let done: Set<String>
  /// The line of each identifier.
  private var seen: [String: Int] = [:]

  init(
    opened: OpenedModel, generator: Generator, key: String, defaults: SamplingSettings, maxTokens: Int,
    isRaw: Bool,
    cancellation: CancellationFlag, progress: BatchProgress, done: Set<String>
  ) {
    self.opened = opened
    self.generator = generator
    self.key = key
    self.defaults = defaults
    self.maxTokens = maxTokens
    self.isRaw = isRaw
    self.cancellation = cancellation
    self.progress = progress
    self.done = done
  }

  /// Answers all lines.
  /// - Parameters:
  ///   - window: the most requests that are submitted at a time. Those beyond the batch wait, so that common prefixes
  ///     are noticed.
  ///   - write: writes a line of the output.
  /// - Throws: if the input can't be read or the output can't be written.
  mutating func run(
    _ lines: LineReader, window: Int, _ write: @escaping @Sendable (JSON) throws -> Void
  ) async throws {
    let cancellation = cancellation
    try await withThrowingTaskGroup(of: Void.self) { group in
      var submitted = 0
      do {
        while !cancellation.isCancelled {
          while submitted >= window {
            _ = try await group.next()
            submitted -= 1
          }
          let next = try await OwnThread.run { () throws(FileError) in
            try lines.next { cancellation.isCancelled }
          }
          guard let line = next else { break }
          guard let (parsed, request, result) = request(for: line) else { continue }
          submitted += 1
          let (progress, model) = (progress, opened.checkpoint.name)
          // Submitted here, so that requests run in the order of their lines.
          let events = generator.generate(key, request, cancellation: cancellation)
          group.addTask {
            var result = result
            for await event in events {
              if case .token = event { progress.addToken() }
              result.process(event)
            }
            if let message = result.failure { progress.fail(line: line.number, message) }
            guard let answer = result.json(for: parsed, model: model) else { return }
            try write(answer)
            progress.finish()
          }
        }
        try await group.waitForAll()
      } catch {
        cancellation.cancel()
        throw error
      }
    }
  }

  /// The request of a line; nil if the line is blank, was answered before or can't be used, which is reported.
  private mutating func request(
    for line: LineReader.Line
  ) -> (line: BatchLine, request: GenerationRequest, result: BatchResult)? {
    if line.isBlank { return nil }
    if line.isTooLong {
      progress.fail(line: line.number, "the line has more than \(LineReader.longestLine >> 20) MiB")
      return nil
    }
    do {
      let parsed = try BatchLine(line.bytes, number: line.number, isRaw: isRaw)
      let id = parsed.id.text()
      if let first = seen[id] {
        progress.fail(line: line.number, "the id \(id) is already that of line \(first)")
        return nil
      }
      seen[id] = line.number
      if done.contains(id) {
        progress.skip()
        return nil
      }
      let (request, result) = try opened.request(for: parsed, sampling: defaults, maxTokens: maxTokens)
      return (parsed, request, result)
    } catch {
      progress.fail(line: line.number, "\(error)")
      return nil
    }
  }
}
