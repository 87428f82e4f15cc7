import Conversation
import Generation

// Restoring, saving, deleting and reporting caches.
extension LocalChatEngine {
  func open(session: String) async {
    stopReadAhead()
    self.session = session
    if let current { await restore(session, current.key) }
  }

  /// A session and the key of a model.
  struct RestoreKey: Hashable {
    let session: String
    let model: String
  }

  /// Waits until the cache of a session is restored from disk. An answer can be requested before the session is opened,
  /// which waits for the save of the session before: the first of the two restores it.
  func restore(_ session: String?, _ model: String) async {
    guard let session else { return }
    await startRestoring(session, model).value
  }

  @discardableResult
  func startRestoring(_ session: String, _ model: String) -> Task<Void, Never> {
    let key = RestoreKey(session: session, model: model)
    if let task = restores[key] { return task }
    let generator = generator
    let task = Task { _ = await generator.restore(session: session, for: model) }
    restores[key] = task
    return task
  }

  /// A session that is opened again is restored again.
  private func endRestores(of session: String) {
    restores = restores.filter { $0.key.session != session }
  }

  func close(session: String) async {
    stopReadAhead()
    if self.session == session { self.session = nil }
    endRestores(of: session)
    await generator.save(session: session)
  }

  /// Saves the cache of a session two seconds after an answer, unless another answer was requested.
  func saveAfterAnswer(_ request: ChatRequest, _ answer: CancellationFlag) async {
    guard let session = request.session else { return }
    try? await Task.sleep(for: .seconds(2))
    guard self.session == session, controls.withLock({ $0.last?.cancellation === answer }) else { return }
    await generator.save(session: session, .passing)
  }

  nonisolated func listen(_ report: @escaping @Sendable (String) -> Void) { generator.listen(report) }

  func forget(session: String) async {
    // A prefill of the session, or of a head with its system prompt, may be running.
    stopReadAhead()
    if self.session == session { self.session = nil }
    endRestores(of: session)
    await generator.forget(session: session)
  }

  func cacheReport(for session: String) -> CacheReport {
    let (held, budget, holdings) = generator.cacheHoldings()
    let disk = generator.diskUse
    let residents = Set(generator.residentKeys)
    return CacheReport(
      budget: budget, held: held, diskLimit: disk.limit, diskHeld: disk.held,
      entries: holdings.map { holding in
        CacheReport.Entry(
          model: opened[holding.model]?.info.name ?? Self.name(of: holding.model),
          branches: holding.sequences,
          tokens: holding.tokens, bytes: holding.bytes, isResident: residents.contains(holding.model),
          holdsConversation: holding.sessions.contains(session))
      })
  }

  func clearCaches() -> Int? {
    stopReadAhead()
    return generator.clearCaches() + generator.clearDisk()
  }

  /// The file name in the key of a model.
  private static func name(of key: String) -> String {
    let path = key.split(separator: "\t").first ?? ""
    return String(path.split(separator: "/").last ?? path)
  }
}
