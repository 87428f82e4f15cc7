import Synchronization

/// Events from any task for the one thread that draws. Posting never blocks and wakes the reader once a batch, so a
/// thousand tokens between two frames cost one wake and one frame.
package final class Mailbox<Event: Sendable>: Sendable {
  private struct Contents {
    var events: [Event] = []
    var isClosed = false
  }

  private let contents = Mutex(Contents())
  private let pipe: WakePipe

  package init(pipe: WakePipe) { self.pipe = pipe }

  /// Adds an event, in order. After `close` it is dropped.
  package func post(_ event: Event) {
    contents.withLock { contents in
      if contents.isClosed { return }
      contents.events.append(event)
      // Inside the lock: the pipe is closed only after `close`, so it is open here.
      if contents.events.count == 1 { pipe.wake() }
    }
  }

  /// Takes everything posted so far.
  package func take() -> [Event] {
    contents.withLock { contents in
      defer { contents.events = [] }
      return contents.events
    }
  }

  /// Nothing is taken any more; the pipe may then be closed.
  package func close() { contents.withLock { $0.isClosed = true } }
}
