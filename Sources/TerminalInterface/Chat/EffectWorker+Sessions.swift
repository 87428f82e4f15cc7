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
      Task {
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
    case .findSession(let text):
      attempt { mailbox.post(.sessionFound(try await Self.find(text, in: $0))) }
    case .openSession(let text, let old):
      attempt { sessions in
        let id = try await Self.find(text, in: sessions).id
        guard let session = try await sessions.load(id) else {
          throw SessionStore.Failure(description: "The session \(id) was deleted meanwhile.")
        }
        mailbox.post(.sessionOpened(session))
        await engine.close(session: old)
        await engine.open(session: id)
        mailbox.post(.sessionReady(id))
      }
    case .deleteSession(let id):
      attempt { sessions in
        try await sessions.delete(id)
        await engine.forget(session: id)
        mailbox.post(.sessionDeleted(id))
      }
    default: return false
    }
    return true
  }

  // Errors are shown to the user.
  private func attempt(_ work: @escaping @Sendable (SessionStore) async throws -> Void) {
    let (mailbox, sessions) = (mailbox, sessions)
    Task {
      do {
        guard let sessions else {
          throw SessionStore.Failure(description: "Sessions are not saved in this chat.")
        }
        try await work(sessions)
      } catch {
        mailbox.post(.sessionFailed("\(error)"))
      }
    }
  }

  private static func find(_ text: String, in sessions: SessionStore) async throws -> SessionSummary {
    try await sessions.find(text)
  }
}
