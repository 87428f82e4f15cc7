import CNcurses
import Conversation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The effects on sessions.
extension EffectWorker {
  func startSessionEffect(_ effect: ChatEffect) -> Bool {
    let (engine, mailbox, sessions) = (engine, mailbox, sessions)
    switch effect {
    case .activateSession(let session, let old):
      queue.add {
        if let old { await engine.close(session: old) }
        await engine.open(session: session)
        mailbox.post(.sessionReady(session))
      }
    case .saveSession(let session):
      guard let sessions else { break }
      // If the engine crashes meanwhile, the process waits for this save.
      signals_hold_crashes()
      sessions.save(session) { mailbox.post(.sessionSaved(session.id, $0)) }
      Task {
        await sessions.flush()
        signals_release_crashes()
      }
    case .listSessions:
      attempt { sessions in
        mailbox.post(.sessions(try await sessions.list(), at: Double(time(nil))))
      }
    case .searchSessions(let text):
      attempt { mailbox.post(.sessionHits(try await $0.search(text), text: text)) }
    case .findSession(let text):
      attempt { mailbox.post(.sessionFound(try await $0.find(text))) }
    case .openSession(let text, let request):
      attempt(request) { sessions in
        let id = try await sessions.find(text).id
        guard let session = try await sessions.load(id) else {
          throw SessionStore.Failure(description: "The conversation \(id) was deleted meanwhile.")
        }
        mailbox.post(.sessionOpened(session, request: request))
      }
    case .deleteSession(let id):
      // Added to the queue of the store at once, so that a quit waits for it.
      let loading = sessions?.startLoading(id)
      let deletion = sessions?.startDeleting(id)
      queue.add {
        await execute { _ in
          // A damaged session can be deleted as well.
          let texts = (try? await loading?.value)?.inputs ?? []
          try await deletion?.value
          await engine.forget(session: id)
          mailbox.post(.sessionDeleted(id, texts: texts))
        }
      }
    default: return false
    }
    return true
  }

  // Errors are shown to the user.
  private func attempt(
    _ request: Int? = nil, _ work: @escaping @Sendable (SessionStore) async throws -> Void
  ) {
    Task { await execute(request, work) }
  }

  private func execute(
    _ request: Int? = nil, _ work: @Sendable (SessionStore) async throws -> Void
  ) async {
    do {
      guard let sessions else {
        throw SessionStore.Failure(description: "Conversations are not saved in this chat.")
      }
      try await work(sessions)
    } catch {
      mailbox.post(.sessionFailed("\(error)", request: request))
    }
  }
}
