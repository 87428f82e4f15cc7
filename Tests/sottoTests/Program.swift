import Foundation
import TestSupport
import Testing

/// A run of the built program: its standard output, standard error and exit code.
struct Program {
  let output: String
  let error: String
  let exitCode: Int32
  /// False if it was ended by a signal, as after a crash.
  let exitedNormally: Bool

  /// The lines on standard error.
  var errorLines: [Substring] { error.split(separator: "\n") }

  /// The binary next to the test bundle, built by `swift build --build-tests`; `SOTTO` overrides it.
  private static let binary: URL = {
    if let path = ProcessInfo.processInfo.environment["SOTTO"] { return URL(filePath: path) }
    let products = Bundle.main.bundleURL
    let candidates = [
      products, products.deletingLastPathComponent(), Repository.root.appending(path: ".build/release"),
    ]
    let binaries = candidates.map { $0.appending(path: "sotto") }
    return binaries.first { FileManager.default.isExecutableFile(atPath: $0.path) } ?? binaries[0]
  }()

  /// The path of the program.
  static var path: String { binary.path }

  /// Runs the program and waits for its exit. After a minute it is terminated, and the test fails.
  ///
  /// Its XDG folders are in `folder`, so that the models and settings of the user are not used.
  /// - Parameters:
  ///   - device: the file for standard output; `output` is empty then.
  ///   - program: another one to run.
  static func run(
    _ arguments: [String], in folder: URL, input: String = "", output device: URL? = nil,
    program: URL = binary
  ) throws -> Program {
    let files = FileManager.default
    let id = UUID().uuidString
    let (output, error) = (folder.appending(path: "out-\(id)"), folder.appending(path: "err-\(id)"))
    let stdin = folder.appending(path: "in-\(id)")
    try input.write(to: stdin, atomically: false, encoding: .utf8)
    for url in [output, error] { #expect(files.createFile(atPath: url.path, contents: nil)) }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = [
      "HOME": folder.path, "XDG_DATA_HOME": folder.path + "/data", "XDG_CONFIG_HOME": folder.path + "/config",
      "XDG_STATE_HOME": folder.path + "/state", "XDG_CACHE_HOME": folder.path + "/cache", "LANG": "C.UTF-8",
      "COLUMNS": "100", "TERM": "dumb", "PATH": "/usr/bin:/bin",
    ]
    process.standardInput = try FileHandle(forReadingFrom: stdin)
    process.standardOutput = try FileHandle(forWritingTo: device ?? output)
    process.standardError = try FileHandle(forWritingTo: error)
    let deadline = DispatchSource.makeTimerSource()
    deadline.schedule(deadline: .now() + 1200)
    deadline.setEventHandler { process.terminate() }
    try process.run()
    deadline.resume()
    process.waitUntilExit()
    deadline.cancel()
    return Program(
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      error: String(decoding: try Data(contentsOf: error), as: UTF8.self),
      exitCode: process.terminationStatus, exitedNormally: process.terminationReason == .exit)
  }
}

/// Fixtures and temporary folders.
enum Fixture {
  /// The folder with the help snapshots.
  static let help = Repository.fixtures("sottoTests").appending(path: "help")

  /// Calls `body` with a temporary folder that is removed afterwards.
  static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sotto-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}
