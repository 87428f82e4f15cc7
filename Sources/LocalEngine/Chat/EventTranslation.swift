import Conversation
import Foundation
import Generation

/// Translates the events of the generator into those of the chat: separates text into reasoning and answer, and updates
/// the statistics of the turn during generation for the status line.
struct EventTranslation {
  private let started = ContinuousClock.now
  private var firstToken: ContinuousClock.Instant?
  private var statistics = TurnStatistics()
  private var reader: ReplyReader
  /// The token limit of the answer; nil for none.
  private let maxTokens: Int?

  init(_ reader: ReplyReader, maxTokens: Int? = nil) {
    self.reader = reader
    self.maxTokens = maxTokens
  }

  mutating func translate(_ event: GenerationEvent) -> [EngineEvent] {
    switch event {
    case .prefill(let progress):
      statistics.promptTokens = progress.total
      statistics.reusedTokens = progress.reused
      update(progress.report)
      statistics.contextUsed = progress.reused + progress.read
      return [
        .prefill(done: progress.reused + progress.read, total: progress.total, reused: progress.reused),
        .progress(statistics),
      ]
    case .logProbabilities: return []
    case .token(let id, let text):
      if id >= 0 { countToken() }
      return reader.process(id: id, text: text).map { .delta($0.channel, $0.text) } + [.progress(statistics)]
    case .done(let done):
      update(done)
      return reader.finish().map { .delta($0.channel, $0.text) }
        + [.finished(reason(done), statistics)]
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

  private mutating func update(_ done: GenerationStatistics) {
    statistics.promptTokens = done.promptTokens
    statistics.reusedTokens = done.reusedTokens
    update(done.reuse)
    statistics.generatedTokens = done.generatedTokens
    if done.draftedTokens > 0 {
      statistics.draftedTokens = done.draftedTokens
      statistics.acceptedTokens = done.acceptedTokens
    }
    // After a cancelled prefill, the context contains only the processed part of the prompt.
    if done.generatedTokens > 0 || done.finishReason != .cancelled {
      statistics.contextUsed = done.promptTokens + done.generatedTokens
    }
    if done.generatedTokens > 0 { statistics.timeToFirstToken = done.timeToFirstToken }
    if done.promptRate > 0 { statistics.promptTokensPerSecond = done.promptRate }
    if done.generationRate > 0 { statistics.tokensPerSecond = done.generationRate }
  }

  private mutating func update(_ report: ReuseReport) {
    statistics.reuse = ReuseKind(rawValue: report.kind.rawValue)
    statistics.missReason = report.miss?.description
  }

  private func reason(_ done: GenerationStatistics) -> Conversation.FinishReason {
    switch done.finishReason {
    case .stop: .stop
    case .length: maxTokens.map { done.generatedTokens >= $0 } ?? false ? .length : .contextFull
    case .cancelled: .cancelled
    }
  }

}
