import Foundation

/// Writes the input that is tried now to the file that `SOTTO_HOSTILE_LOG` names, to find the one that ended the process.
package enum HostileLog {
  private static let path = ProcessInfo.processInfo.environment["SOTTO_HOSTILE_LOG"]

  package static func note(_ text: @autoclosure () -> String) {
    guard let path else { return }
    try? Data(text().utf8).write(to: URL(fileURLWithPath: path))
  }
}
