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
  package static func run(
    _ command: String, _ text: String, temporaryFolder: String = standardFolder
  ) -> (text: String, isError: Bool) {
    let place = FileSystem.join(temporaryFolder, "sotto-pipe-XXXXXX")
    var name = Array(place.utf8CString)
    guard mkdtemp(&name) != nil else {
      let reason = String(cString: strerror(errno))
      return (
        "\(command): no folder could be made in \(temporaryFolder): \(reason); TMPDIR names another", true
      )
    }
    let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let (input, output) = (folder + "/in", folder + "/out")
    defer {
      unlink(input)
      unlink(output)
      rmdir(folder)
    }
    do throws(FileError) { try WholeFileWriter.write(text, to: input, permissions: 0o600) } catch {
      return ("\(input) could not be written: \(error.problem)", true)
    }
    // The shell reports errors in the command itself after the redirection.
    let code = ShellCommand.run("exec <\"$1\" >\"$2\" 2>&1; shift 2\n\(command)\n", [input, output])
    let written = read(output)
    let heading = code == 0 ? "\(command):" : "\(command) failed with status \(code):"
    return (
      written.isEmpty ? String(heading.dropLast()) + " (no output)" : heading + "\n" + written, code != 0
    )
  }

  /// The folder for temporary files: `TMPDIR`, otherwise /tmp.
  package static var standardFolder: String {
    UserFolders.variable("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
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
