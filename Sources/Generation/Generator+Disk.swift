import Basics
import Models
import Synchronization

// Caches on disk: those of sessions, saved after answers and when a session is closed, and the heads of models'
// prompts. Files are written and verified on background threads; a rejected file counts as missing.
extension Generator {
  /// Sets the callback that receives a message for the user when caches can't be saved, once per reason.
  public nonisolated func listen(_ report: @escaping @Sendable (String) -> Void) {
    diskProblem.listen(report)
  }

  /// Saves the latest state of a session for each model, the most recently used model first, and returns when all are
  /// on disk. While the session continues, only states that are worth it are saved, and a new request cancels the
  /// save. A cancelled task skips what is not yet written.
  public nonisolated func save(session: String, _ occasion: SavePlan.Occasion = .leaving) async {
    guard let store else { return }
    let flag = passing.start()
    if occasion == .leaving {
      // From here on, an answer does not cancel it.
      passing.replace(with: CancellationFlag())
      leaving.withLock { _ = $0.updateValue(flag, forKey: session)?.cancel() }
    }
    await withTaskCancellationHandler {
      for (key, prompt) in await unsaved(session, occasion) where !flag.isCancelled {
        let isSaved = await OwnThread.run { [self] in
          diskWriting.withLock { _ in
            diskProblem.attempt(in: store.folder) { () throws(PromptFileError) in
              try store.save(prompt, for: .session(session), model: key) {
                flag.isCancelled
              }
            }
          }
        }
        if isSaved { await note(prompt.ledger, key, session) }
      }
    } onCancel: {
      flag.cancel()
    }
  }

  /// Restores a saved session for a resident model, unless the cache holds more of it.
  /// - Returns: the number of restored tokens.
  @discardableResult
  public nonisolated func restore(session: String, for key: String) async -> Int {
    guard let store else { return 0 }
    let largest = cache.budget
    let prompt = await OwnThread.run { try? store.load(.session(session), model: key, largest: largest) }
    guard let prompt else { return 0 }
    restores.add(1, ordering: .relaxed)
    defer { restores.subtract(1, ordering: .relaxed) }
    await note(prompt.ledger, key, session)
    return await take(prompt, key, .answer, session)
  }

  /// Removes the caches of a session in memory and on disk. All heads are removed too: a head holds a system prompt,
  /// which may belong to this session alone; another session prefills its head again.
  public nonisolated func forget(session: String) async {
    passing.stop()
    leaving.withLock { $0[session]?.cancel() }
    await forgetHeld(session)
    await OwnThread.run { [self] in
      headRemovals.add(1, ordering: .relaxed)
      diskWriting.withLock { _ in
        store?.removeAll(of: session)
        store?.removeHeads()
      }
    }
  }

  private func forgetHeld(_ session: String) {
    cache.withLock {
      $0.remove(session: session)
      $0.remove(session: nil)
    }
    onDisk = onDisk.filter { $0.key.session != session }
  }

  /// Prepares the common beginning of a model's new conversations: loads it from disk, or prefills and saves it.
  /// - Parameter turn: from `beginReadingAhead()`; nil to start now.
  @discardableResult
  public nonisolated func prepareHead(
    _ key: String, _ prompt: Prompt, in turn: CancellationFlag? = nil
  ) async -> Int {
    let turn = turn ?? beginReadingAhead()
    let removals = headRemovals.load(ordering: .relaxed)
    guard let tokens = await unread(key, prompt) else { return 0 }
    if await restoreHead(of: tokens, key) == tokens.count { return tokens.count }
    let read = await readAhead(
      key, ReadAheadRequest(prompt: .tokens(tokens), purpose: .head), in: turn)
    if let store, tokens.count >= Self.shortestHead, let head = await held(key, tokens) {
      await OwnThread.run { [self] in
        diskWriting.withLock { _ in
          guard headRemovals.load(ordering: .relaxed) == removals else { return }
          _ = diskProblem.attempt(in: store.folder) { () throws(PromptFileError) in
            try store.save(head, for: .head(of: tokens), model: key)
          }
        }
      }
    }
    return read
  }

  /// The least number of tokens of a head that is worth a file.
  private static let shortestHead = 32

  /// Bytes of the files, and the limit.
  public nonisolated var diskUse: (held: Int, limit: Int) { (store?.totalBytes ?? 0, store?.limit ?? 0) }

  /// Removes all files.
  /// - Returns: the bytes that were freed.
  public nonisolated func clearDisk() -> Int {
    passing.stop()
    for flag in leaving.withLock({ $0.values.map { $0 } }) { flag.cancel() }
    return store?.removeAll() ?? 0
  }

  /// Restores the longest head on disk that is a prefix of a prompt.
  private nonisolated func restoreHead(of tokens: [Int32], _ key: String) async -> Int {
    guard let store, let head = store.longestHead(of: tokens, model: key) else { return 0 }
    let largest = cache.budget
    let prompt = await OwnThread.run { try? store.load(.head(head), model: key, largest: largest) }
    guard let prompt else { return 0 }
    return await take(prompt, key, .message, nil)
  }

  /// The tokens of a prompt if some must be prefilled; nil if none or if it can't be encoded.
  private func unread(_ key: String, _ prompt: Prompt) -> [Int32]? {
    guard let loaded = model(key),
      let tokens = try? cache.encode(prompt, key, tokenizer: loaded.tokenizer).tokens,
      reusable(key, tokens) < tokens.count
    else { return nil }
    return tokens
  }

  /// Inserts a prompt from disk into the cache.
  private func take(
    _ prompt: StoredPrompt, _ key: String, _ place: HeldSequence.Place, _ session: String?
  ) -> Int {
    guard let loaded = model(key), prompt.ledger.count > reusable(key, prompt.ledger),
      prompt.bytes <= cache.budget,
      prompt.logits.map({ $0.count == loaded.model.facts.vocabularyCount }) ?? true,
      let state = try? prompt.state(in: loaded.model.makeCaches())
    else { return 0 }
    let held = HeldSequence(
      state: state, logits: prompt.logits, place: place, isFromDisk: true, session: session)
    cache.withLock { $0.insert(key, prompt.ledger, held) }
    prepare(state, loaded)
    return prompt.ledger.count
  }

  private nonisolated func reusable(_ key: String, _ tokens: [Int32]) -> Int {
    cache.withLock { $0.reusable(key, tokens) }
  }

  /// The state held for exactly these tokens.
  private func held(_ key: String, _ tokens: [Int32]) -> StoredPrompt? {
    cache.withLock { $0.held(key, tokens) }.map {
      StoredPrompt($0.state, ledger: tokens, logits: $0.logits)
    }
  }

  private func unsaved(
    _ session: String, _ occasion: SavePlan.Occasion
  ) -> [(key: String, prompt: StoredPrompt)] {
    guard let store else { return [] }
    return cache.withLock { $0.latest(of: session) }.compactMap { key, tokens, held in
      // A file may have been removed to enforce the limit.
      let isThere = store.contains(.session(session), model: key)
      let saved = isThere ? onDisk[SessionFileKey(model: key, session: session)] ?? [] : []
      let common = zip(saved, tokens).prefix { $0 == $1 }.count
      guard
        SavePlan.isWorthIt(
          new: tokens.count - common, total: tokens.count, bytes: held.state.bytes, occasion)
      else { return nil }
      return (key, StoredPrompt(held.state, ledger: tokens, logits: held.logits))
    }
  }

  /// Records the tokens that a session's file holds.
  private func note(_ tokens: [Int32], _ key: String, _ session: String) {
    onDisk[SessionFileKey(model: key, session: session)] = tokens
  }
}
