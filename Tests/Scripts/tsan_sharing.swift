// A check of tsan_runtime.c. A thread reads a copy of an array and drops it; then another one, whose array is no longer
// shared, writes to it in place. Only the reference count orders the two accesses, and the sanitizer must not report
// them. With the argument `race`, both threads use one variable, and the sanitizer must report it.
import Glibc
import Synchronization

final class Page {
  var content = 1
}

final class Pages: @unchecked Sendable {
  private var list: [Page]

  init(_ list: [Page]) { self.list = list }

  func copy() -> Pages { Pages(list) }

  @inline(never) func sum() -> Int { list.reduce(0) { $0 + $1.content } }

  @inline(never) func replaceIfShared(_ index: Int) {
    if !isKnownUniquelyReferenced(&list[index]) { list[index] = Page() }
  }
}

final class Reader: @unchecked Sendable {
  var pages: Pages?

  init(_ pages: Pages) { self.pages = pages }
}

// Relaxed, so that it orders nothing.
let hasDropped = Atomic<Bool>(false)

nonisolated func readAndDrop(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let argument {
    let reader = Unmanaged<Reader>.fromOpaque(argument).takeUnretainedValue()
    precondition(reader.pages?.sum() == 4)
    reader.pages = nil
  }
  hasDropped.store(true, ordering: .relaxed)
  return nil
}

let pages = Pages((0..<4).map { _ in Page() })
let reader = Reader(CommandLine.arguments.contains("race") ? pages : pages.copy())
var thread = pthread_t()
pthread_create(&thread, nil, readAndDrop, Unmanaged.passUnretained(reader).toOpaque())
while !hasDropped.load(ordering: .relaxed) { usleep(1000) }
pages.replaceIfShared(2)
precondition(pages.sum() == 4)
pthread_join(thread, nil)
