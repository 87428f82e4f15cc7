import Basics
import Conversation

/// Executes the effects on the engine and the session store in tasks; the results are posted to the mailbox.
package struct EffectWorker: Sendable {
  package let engine: any ChatEngine
  package let mailbox: Mailbox<ChatEvent>
  /// The session store; nil for none.
  package let sessions: SessionStore?
  /// The downloads of models; nil for none.
  package let downloads: (any ModelDownloads)?
  /// The effects that change the session of the engine, or delete one: their order matters.
  package let queue = EffectQueue()

  package init(
    engine: any ChatEngine, mailbox: Mailbox<ChatEvent>, sessions: SessionStore? = nil,
    downloads: (any ModelDownloads)? = nil
  ) {
    self.downloads = downloads
    self.engine = engine
    self.mailbox = mailbox
    self.sessions = sessions
    engine.listen { mailbox.post(.note($0, isError: true)) }
    sessions?.listen { mailbox.post(.note($0, isError: true)) }
  }

  /// Starts an effect on the engine or the store. Returns false for one that the program must execute itself.
  package func start(_ effect: ChatEffect) -> Bool {
    let (engine, mailbox) = (engine, mailbox)
    switch effect {
    case .send(let turn, let request):
      var request = request
      request.turn = turn
      engine.send(request) { mailbox.post(.engine(turn: turn, $0)) }
    case .cancel: engine.cancel()
    case .cancelTurn(let turn): engine.cancel(turn: turn)
    case .answerNow: engine.answerNow()
    case .switchModel(let name):
      Task {
        do {
          let info = try await engine.switchModel(to: name) { mailbox.post(.modelLoading(percent: $0)) }
          mailbox.post(.modelLoaded(info, await engine.defaultSettings()))
        } catch is CancellationError {
          mailbox.post(.loadCancelled(name: name))
        } catch {
          mailbox.post(.modelFailed(name: name, message: "\(error)"))
        }
      }
    case .cancelLoading: engine.cancelLoading()
    case .download(let name):
      guard let downloads else { break }
      let events = downloads.start(name)
      Task {
        for await event in events { mailbox.post(.download(event)) }
      }
    case .stopDownload: downloads?.stop()
    case .refreshModels(let conversation):
      Task {
        let current = await engine.currentModel()
        let settings = await engine.defaultSettings()
        mailbox.post(.models(await engine.models(for: conversation), current: current, settings: settings))
      }
    case .readAhead(let request): engine.readAhead(request)
    case .prefillTurn(let request): engine.prefillTurn(request)
    case .pipe(let command, let text):
      Task {
        let result = await OwnThread.run { PipedCommand.run(command, text) }
        mailbox.post(.piped(result.text, isError: result.isError))
      }
    case .inspect(let request, let message):
      Task {
        do {
          mailbox.post(.inspected(try await engine.inspect(request), message: message))
        } catch {
          mailbox.post(.inspectionFailed("\(error)"))
        }
      }
    case .proposeTitle(let request):
      Task {
        let reply = await engine.proposeTitle(request)
        mailbox.post(.titleProposed(reply, session: request.session ?? ""))
      }
    case .cancelTitle: engine.cancelTitle()
    case .reportCaches(let session): Task { mailbox.post(.caches(await engine.cacheReport(for: session))) }
    case .clearCaches: Task { mailbox.post(.cachesCleared(await engine.clearCaches())) }
    default: return startSessionEffect(effect)
    }
    return true
  }
}
