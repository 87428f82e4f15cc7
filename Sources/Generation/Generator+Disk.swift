import Basics
import Models
import Synchronization

// Caches on disk: a session's, which is saved as it goes on and when the person leaves it, and the unchanging
// head of a model's prompts. Files are written and checked on threads of their own; a file that is
// refused is as good as none.
extension Generator {
  /// Calls `report` with a line for the person when caches cannot be saved, once for each reason.
  public nonisolated func listen(_ report: @escaping @Sendable (String) -> Void) {
    diskProblem.listen(report)
  }

  /// Saves the latest of what each model has read of a session, the one that was used last first. Returns when it
  /// is on disk. Of one that is left in passing, only what is worth it is saved, until somebody asks for an answer;
  /// a cancelled task leaves what is not written yet.
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

  /// Takes in what was saved of a session for a resident model, unless more of it is held.
  /// - Returns: the tokens that were taken in.
  @discardableResult
  public nonisolated func restore(session: String, for key: String) async -> Int {
    guard let store else { return 0 }
    let largest = cache.budget
    let prompt = await OwnThread.run { try? store.load(.session(session), model: key, largest: largest) }
    guard let prompt else { return 0 }
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

  /// Makes the beginning of a model's new conversations ready: from the file that was kept of it, or by
  /// reading it ahead and keeping it.
  /// - Parameter turn: from `beginReadingAhead()`; nil to begin now.
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

  /// Tokens from which on a head is worth a file.
  private static let shortestHead = 32

  /// Bytes of the files, and how many there may be.
  public nonisolated var diskUse: (held: Int, limit: Int) { (store?.totalBytes ?? 0, store?.limit ?? 0) }

  /// Removes all files.
  /// - Returns: the bytes that they had.
  public nonisolated func clearDisk() -> Int {
    passing.stop()
    for flag in leaving.withLock({ $0.values.map { $0 } }) { flag.cancel() }
    return store?.removeAll() ?? 0
  }

  /// Takes in the longest head on disk that a prompt begins with.
  private nonisolated func restoreHead(of tokens: [Int32], _ key: String) async -> Int {
    guard let store, let head = store.longestHead(of: tokens, model: key) else { return 0 }
    let largest = cache.budget
    let prompt = await OwnThread.run { try? store.load(.head(head), model: key, largest: largest) }
    guard let prompt else { return 0 }
    return await take(prompt, key, .message, nil)
  }

  /// The tokens of a prompt that would have to be read in part; nil where it cannot or need not be.
  private func unread(_ key: String, _ prompt: Prompt) -> [Int32]? {
    guard let loaded = model(key),
      let tokens = try? cache.encode(prompt, key, tokenizer: loaded.tokenizer).tokens,
      reusable(key, tokens) < tokens.count
    else { return nil }
    return tokens
  }

  /// Keeps a prompt that came from disk.
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

  /// What is held behind exactly these tokens.
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
      // Files leave to stay in the limit.
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

  /// Notes what a session's file holds.
  private func note(_ tokens: [Int32], _ key: String, _ session: String) {
    onDisk[SessionFileKey(model: key, session: session)] = tokens
  }
}
