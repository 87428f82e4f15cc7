import Basics
import Foundation
import Synchronization

/// A file that is being fetched in parts: NAME.part has the bytes, NAME.done how many of each part are there. After an
/// interruption of any kind, the next fetch continues with both.
package final class PartialFile: Sendable {
  /// The bytes of a part. Small enough that several connections share a file, large enough that requests cost little.
  package static let partBytes = 8 << 20

  package let path: String
  package let bytes: Int
  private let statePath: String
  private let descriptor: Int32
  private let stateDescriptor: Int32
  private let done: Mutex<[Int]>

  /// Opens or creates the files in `folder`. A state for another size is discarded.
  package init(folder: String, name: String, bytes: Int) throws(FileError) {
    path = FileSystem.join(folder, name + ".part")
    statePath = FileSystem.join(folder, name + ".done")
    self.bytes = bytes
    let count = max(1, (bytes + Self.partBytes - 1) / Self.partBytes)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .writing(errno, path) }
    stateDescriptor = open(statePath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard stateDescriptor >= 0 else {
      let code = errno
      close(descriptor)
      throw .writing(code, statePath)
    }
    var state = [Int](repeating: 0, count: count + 1)
    let size = state.count * MemoryLayout<Int>.size
    let known = stateDescriptor
    let isKnown = state.withUnsafeMutableBytes { pread(known, $0.baseAddress, size, 0) == size }
    var lengths = Array(state.dropFirst())
    let fits = lengths.indices.allSatisfy { 0...Self.length($0, bytes) ~= lengths[$0] }
    if !isKnown || state[0] != bytes || !fits || FileSystem.size(path).bytes != bytes {
      lengths = [Int](repeating: 0, count: count)
    }
    done = Mutex(lengths)
    let written = ftruncate(descriptor, off_t(bytes)) == 0 && writeState([bytes] + lengths)
    guard written else { throw .writing(errno, path) }
  }

  deinit {
    close(descriptor)
    close(stateDescriptor)
  }

  private static func length(_ part: Int, _ bytes: Int) -> Int { min(partBytes, bytes - part * partBytes) }

  /// The bytes of the file that are there.
  package var doneBytes: Int { done.withLock { $0.reduce(0, +) } }

  /// The parts that are not complete.
  package var missing: [Int] {
    done.withLock { done in done.indices.filter { done[$0] < Self.length($0, bytes) } }
  }

  /// The range of bytes that a part still lacks.
  package func remainder(_ part: Int) -> Range<Int> {
    let start = part * Self.partBytes
    return start + done.withLock { $0[part] }..<start + Self.length(part, bytes)
  }

  /// Writes the next bytes of a part; bytes beyond its end are an error of the host and not written.
  /// - Returns: false if there are too many.
  package func append(_ buffer: UnsafeRawBufferPointer, to part: Int) throws(FileError) -> Bool {
    let range = remainder(part)
    guard buffer.count <= range.count else { return false }
    var written = 0
    while written < buffer.count {
      let count = pwrite(
        descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written,
        off_t(range.lowerBound + written))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .writing(errno, path) }
      written += count
    }
    let total = done.withLock { done in
      done[part] += buffer.count
      return done[part]
    }
    // After the bytes, so that the state never promises more than there is.
    var value = total
    guard
      pwrite(stateDescriptor, &value, MemoryLayout<Int>.size, off_t((part + 1) * MemoryLayout<Int>.size)) > 0
    else { throw .writing(errno, statePath) }
    return true
  }

  /// Forgets all bytes: for a host without ranges, and after a wrong checksum.
  package func restart() {
    done.withLock { done in
      for index in done.indices { done[index] = 0 }
      _ = writeState([bytes] + done)
    }
  }

  /// Removes the state of a complete file.
  package func finish() { unlink(statePath) }

  private func writeState(_ state: [Int]) -> Bool {
    state.withUnsafeBytes { pwrite(stateDescriptor, $0.baseAddress, $0.count, 0) == $0.count }
      && ftruncate(stateDescriptor, off_t(state.count * MemoryLayout<Int>.size)) == 0
  }
}
