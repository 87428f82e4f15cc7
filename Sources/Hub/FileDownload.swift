import Basics
import Foundation
import Synchronization

/// Fetches one file with several connections, each of which takes one part after another.
struct FileDownload: Sendable {
  let file: HubFile
  let partial: PartialFile
  let endpoint: HubEndpoint
  let progress: PullProgress
  let cancellation: PullCancellation

  /// The connections of a file, if the host serves ranges.
  private static let connections = 4

  /// What the connections share.
  private struct Work {
    var parts: [Int]
    var failure: HubError?
    var hasRanges = true
  }

  private final class SharedWork: Sendable {
    let state: Mutex<Work>
    init(_ parts: [Int]) { state = Mutex(Work(parts: parts)) }
  }

  /// Fetches what is missing. Returns when the file is complete.
  /// - Throws: `HubError` for what another try does not repair, or when cancelled; what was fetched stays.
  func run() throws(HubError) {
    let missing = partial.missing
    guard partial.bytes > 0, !missing.isEmpty else { return }
    let work = SharedWork(missing)
    // The first connection finds out alone whether the file may be fetched and the host serves ranges.
    try take(work, once: true)
    if work.state.withLock({ $0.hasRanges }) {
      let others = DispatchGroup()
      let queue = DispatchQueue(label: "sotto.pull", attributes: .concurrent)
      for _ in 0..<min(Self.connections, work.state.withLock { $0.parts.count }) {
        queue.async(group: others) {
          do throws(HubError) { try take(work, once: false) } catch {
            work.state.withLock { $0.failure = $0.failure ?? error }
          }
        }
      }
      others.wait()
    }
    if let failure = work.state.withLock({ $0.failure }) { throw failure }
    // A later connection may have found that out.
    if !work.state.withLock({ $0.hasRanges }) { try fetchWhole() }
    if cancellation.isCancelled || !partial.missing.isEmpty { throw cancelled }
  }

  private var cancelled: HubError {
    HubError("\(file.name): interrupted; run the command again to resume")
  }

  /// Fetches parts until none is left or another connection failed.
  private func take(_ work: SharedWork, once: Bool) throws(HubError) {
    let session = try HubSession()
    while true {
      let part: Int? = work.state.withLock { state in
        state.failure == nil && !state.parts.isEmpty ? state.parts.removeFirst() : nil
      }
      guard let part else { return }
      let hasRanges = try fetch(part, session)
      if !hasRanges { work.state.withLock { $0.hasRanges = false } }
      if once || !hasRanges { return }
    }
  }

  /// Fetches what a part lacks.
  /// - Returns: false if the host does not serve ranges.
  private func fetch(_ part: Int, _ session: HubSession) throws(HubError) -> Bool {
    var tries = 0
    while true {
      let range = partial.remainder(part)
      if range.isEmpty { return true }
      var hasRanges = true
      var problem: HubError?
      let (outcome, response) = session.get(
        file.url, token: token, range: "\(range.lowerBound)-\(range.upperBound - 1)",
        stallSeconds: endpoint.stallSeconds, cancellation: cancellation
      ) { response, bytes in
        guard response.status < 300 else { return true }
        if response.status == 200 ? range != 0..<partial.bytes : !Self.starts(response, at: range.lowerBound)
        {
          hasRanges = false
          return false
        }
        return write(bytes, part, &problem)
      }
      if let problem { throw problem }
      if !hasRanges { return false }
      try next(outcome, response, progressed: partial.remainder(part) != range, tries: &tries)
    }
  }

  /// Whether a partial answer begins at an offset; true if it does not say.
  private static func starts(_ response: HubSession.Response, at offset: Int) -> Bool {
    let words = response.headers["content-range"]?.split(whereSeparator: { " -/".contains($0) }) ?? []
    guard words.count > 1, let start = Int(words[1]) else { return true }
    return start == offset
  }

  /// Fetches the file with one connection from its start, as often as it takes.
  private func fetchWhole() throws(HubError) {
    let session = try HubSession()
    var tries = 0
    while !partial.missing.isEmpty {
      progress.update { $0.done -= partial.doneBytes }
      partial.restart()
      var problem: HubError?
      let (outcome, response) = session.get(
        file.url, token: token, stallSeconds: endpoint.stallSeconds, cancellation: cancellation
      ) { response, bytes in
        guard response.status < 300 else { return true }
        var rest = bytes[...]
        while !rest.isEmpty {
          guard let part = partial.missing.first else {
            problem = longer
            return false
          }
          let count = min(rest.count, partial.remainder(part).count)
          guard write(UnsafeRawBufferPointer(rebasing: rest.prefix(count)), part, &problem) else {
            return false
          }
          rest = rest.dropFirst(count)
        }
        return true
      }
      if let problem { throw problem }
      if partial.missing.isEmpty { return }
      try next(outcome, response, progressed: false, tries: &tries)
    }
  }

  private var longer: HubError {
    HubError("\(file.name): the host sends more bytes than it stated; run the command again")
  }

  private var token: String? { endpoint.token(for: file.url) }

  private func write(_ bytes: UnsafeRawBufferPointer, _ part: Int, _ problem: inout HubError?) -> Bool {
    do throws(FileError) {
      guard try partial.append(bytes, to: part) else {
        problem = longer
        return false
      }
    } catch {
      problem = HubError("\(error)")
      return false
    }
    progress.update { $0.done += bytes.count }
    return true
  }

  /// Waits before the next try, if there may be one.
  private func next(
    _ outcome: HubSession.Outcome, _ response: HubSession.Response, progressed: Bool, tries: inout Int
  ) throws(HubError) {
    if cancellation.isCancelled { throw cancelled }
    if outcome == .complete, response.status < 300, progressed { return }
    try HubRetry.wait(
      outcome, response, progressed: progressed, tries: &tries, what: file.name, url: file.url,
      hasToken: token != nil, progress: progress, cancellation: cancellation)
  }
}

extension HubRetry {
  /// Waits as `decision` says.
  /// - Throws: `HubError` if no other try may help, or when cancelled.
  static func wait(
    _ outcome: HubSession.Outcome, _ response: HubSession.Response, progressed: Bool, tries: inout Int,
    limit: Int = maxTries, what: String, url: String, hasToken: Bool, progress: PullProgress,
    cancellation: PullCancellation
  ) throws(HubError) {
    tries = progressed ? 1 : tries + 1
    let host = HubEndpoint.host(of: url)
    let failure: String?
    switch outcome {
    case .failed(let reason): throw HubError("\(what): \(host): \(reason); check the address and the network")
    case .interrupted(let reason): failure = reason
    case .complete, .ended: failure = response.status < 300 ? "the answer ended early" : nil
    }
    switch decision(
      status: failure == nil ? response.status : 0, retryAfter: response.headers["retry-after"],
      failure: failure,
      tries: tries, limit: limit, what: what, host: host, hasToken: hasToken)
    {
    case .giveUp(let text): throw HubError(text)
    case .after(let seconds):
      let reason = failure ?? "\(host) answers \(response.status)"
      progress.update { $0.note = "\(reason), next try in \(Int(seconds.rounded(.up))) s" }
      let end = Date().addingTimeInterval(seconds)
      while Date() < end, !cancellation.isCancelled { usleep(50_000) }
      progress.update { $0.note = "" }
    }
    if cancellation.isCancelled { throw HubError("\(what): interrupted; run the command again to resume") }
  }
}
