import Conversation
import Foundation
import Generation

/// From the generator's events to the screen's: text goes to thoughts or answer, and the numbers of the turn are
/// counted as it runs, so that the status line shows them live.
struct EventTranslation {
  private let started = ContinuousClock.now
  private var firstToken: ContinuousClock.Instant?
  private var statistics = TurnStatistics()
  private var reader: ReplyReader

  init(_ reader: ReplyReader) { self.reader = reader }

  mutating func translate(_ event: GenerationEvent) -> [EngineEvent] {
    switch event {
    case .prefill(let progress):
      statistics.promptTokens = progress.total
      statistics.reusedTokens = progress.reused
      take(progress.report)
      statistics.contextUsed = progress.reused + progress.read
      return [
        .prefill(done: progress.reused + progress.read, total: progress.total, reused: progress.reused),
        .progress(statistics),
      ]
    case .token(let id, let text):
      if id >= 0 { countToken() }
      return reader.process(id: id, text: text).map { .delta($0.channel, $0.text) } + [.progress(statistics)]
    case .done(let done):
      take(done)
      return reader.finish().map { .delta($0.channel, $0.text) }
        + [.finished(Self.reason(done.finishReason), statistics)]
    case .failed(let message):
      return [.failed(message)]
    }
  }

  private mutating func countToken() {
    let now = ContinuousClock.now
    statistics.generatedTokens += 1
    statistics.contextUsed = statistics.promptTokens + statistics.generatedTokens
    guard let firstToken else {
      firstToken = now
      statistics.timeToFirstToken = (now - started).seconds
      return
    }
    let time = (now - firstToken).seconds
    if time > 0 { statistics.tokensPerSecond = Double(statistics.generatedTokens - 1) / time }
  }

  private mutating func take(_ done: GenerationStatistics) {
    statistics.promptTokens = done.promptTokens
    statistics.reusedTokens = done.reusedTokens
    take(done.reuse)
    statistics.generatedTokens = done.generatedTokens
    // A prompt that was stopped while it was read is in the context as far as that had come.
    if done.generatedTokens > 0 || done.finishReason != .cancelled {
      statistics.contextUsed = done.promptTokens + done.generatedTokens
    }
    if done.generatedTokens > 0 { statistics.timeToFirstToken = done.timeToFirstToken }
    if done.promptRate > 0 { statistics.promptTokensPerSecond = done.promptRate }
    if done.generationRate > 0 { statistics.tokensPerSecond = done.generationRate }
  }

  private mutating func take(_ report: ReuseReport) {
    statistics.reuse = ReuseKind(rawValue: report.kind.rawValue)
    statistics.missReason = report.miss?.description
  }

  private static func reason(_ reason: Generation.FinishReason) -> Conversation.FinishReason {
    switch reason {
    case .stop: .stop
    case .length: .length
    case .cancelled: .cancelled
    }
  }

}
