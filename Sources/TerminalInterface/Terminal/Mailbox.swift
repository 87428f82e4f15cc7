import CNcurses
import Synchronization

/// A queue of events from any task to the thread of the interface. Posting never blocks and wakes the reader once per
/// batch, so a thousand tokens between two frames cost one wake-up and one frame.
package final class Mailbox<Event: Sendable>: Sendable {
  private struct Contents {
    var events: [Event] = []
    var isClosed = false
  }

  private let contents = Mutex(Contents())
  private let pipe: WakePipe

  package init(pipe: WakePipe) { self.pipe = pipe }

  /// Appends an event. After `close` it is dropped.
  package func post(_ event: Event) {
    // The threads that post are those that run the engine's code: a crash there must restore the terminal.
    signals_prepare_thread()
    contents.withLock { contents in
      if contents.isClosed { return }
      contents.events.append(event)
      // Inside the lock: the pipe is closed only after `close()`, so it is open here.
      if contents.events.count == 1 { pipe.wake() }
    }
  }

  /// Removes and returns all events.
  package func take() -> [Event] {
    contents.withLock { contents in
      defer { contents.events = [] }
      return contents.events
    }
  }

  /// Drops all later events; the pipe may then be closed.
  package func close() { contents.withLock { $0.isClosed = true } }
}
