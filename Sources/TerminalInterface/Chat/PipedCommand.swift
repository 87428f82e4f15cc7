import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A command of the user's shell that gets a text on its standard input.
package enum PipedCommand {
  /// The longest output that is shown, in bytes.
  package static let outputLimit = 16 * 1024

  /// Runs a command and returns what it wrote, for the user. Blocks until it ends.
  package static func run(_ command: String, _ text: String) -> (text: String, isError: Bool) {
    var name = Array("/tmp/sotto-pipe-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else { return ("no temporary folder could be made", true) }
    let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let (input, output) = (folder + "/in", folder + "/out")
    defer {
      unlink(input)
      unlink(output)
      rmdir(folder)
    }
    do throws(FileError) { try WholeFileWriter.write(text, to: input) } catch {
      return ("\(input) could not be written: \(error.problem)", true)
    }
    guard let status = shell("(\(command)\n) <'\(input)' >'\(output)' 2>&1") else {
      return ("\(command): no shell could be started", true)
    }
    let written = read(output)
    let code = status & 0x7F == 0 ? status >> 8 & 0xFF : status & 0x7F
    let heading = code == 0 ? "\(command):" : "\(command) failed with status \(code):"
    return (
      written.isEmpty ? String(heading.dropLast()) + " (no output)" : heading + "\n" + written, code != 0
    )
  }

  // The wait status; nil if the shell could not be started.
  private static func shell(_ line: String) -> Int32? {
    let arguments: [UnsafeMutablePointer<CChar>?] = (["/bin/sh", "-c", line] as [String]).map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    guard posix_spawn(&process, "/bin/sh", nil, nil, arguments + [nil], environ) == 0 else { return nil }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { return nil } }
    return status
  }

  private static func read(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: outputLimit + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    let text = String(decoding: bytes.prefix(min(count, outputLimit)), as: UTF8.self)
    let trimmed = text.last == "\n" ? String(text.dropLast()) : text
    return count > outputLimit ? trimmed + "\n(the rest is not shown)" : trimmed
  }
}
