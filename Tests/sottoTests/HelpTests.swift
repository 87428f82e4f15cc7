import Foundation
import Testing

/// The help of each command equals its snapshot in Fixtures/help, which
/// `SOTTO_WRITE_SNAPSHOTS=1 swift test -c release --disable-testable-imports --filter HelpTests` regenerates.
struct HelpTests {
  static let commands = [
    "", "chat", "generate", "batch", "models", "devices", "pull", "rm", "quantize", "inspect", "sessions",
    "config",
    "tokenize", "detokenize", "render",
    "logits", "bench",
  ]

  @Test(arguments: commands)
  func helpEqualsTheSnapshot(_ command: String) throws {
    let arguments = command.isEmpty ? ["--help"] : [command, "--help"]
    let program = try Fixture.withFolder { try Program.run(arguments, in: $0) }
    #expect(program.exitCode == 0)
    #expect(program.error.isEmpty)
    let snapshot = Fixture.help.appending(path: (command.isEmpty ? "sotto" : command) + ".txt")
    if ProcessInfo.processInfo.environment["SOTTO_WRITE_SNAPSHOTS"] != nil {
      try program.output.write(to: snapshot, atomically: true, encoding: .utf8)
    }
    #expect(program.output == (try String(contentsOf: snapshot, encoding: .utf8)))
  }

  /// The options that scripts rely on (see README.md) exist, independent of the snapshots.
  @Test(arguments: [
    (
      "generate",
      ["-p", "--raw", "--system", "--max-tokens", "--temperature", "--top-p", "--top-k", "--min-p"]
    ),
    ("generate", ["--repetition-penalty", "--seed", "--json"]),
    ("batch", ["--input", "--output", "--max-batch", "--resume"]),
    (
      "chat",
      ["--continue", "--resume", "--temperature", "--theme", "--reasoning", "--prose-width", "--history"]
    ),
    ("config", ["--json"]), ("tokenize", ["--json"]),
    ("render", ["--messages", "--tools", "--template", "--no-generation-prompt", "--option"]),
    ("logits", ["--tokens", "--prefill", "--output", "--precision"]),
    (
      "bench",
      ["--synthetic", "--layers", "--prompt", "--generate", "--repeat", "--batch", "--threads", "--json"]
    ),
    ("models", ["--json"]), ("devices", ["--json"]), ("chat", ["--device"]), ("pull", ["--file", "--yes"]),
    ("rm", ["--yes"]),
    ("quantize", ["--to", "--group", "--mixed", "--output"]), ("inspect", ["--json", "--verify"]),
  ])
  func documentedOptionsExist(_ command: String, _ options: [String]) throws {
    let help = try Fixture.withFolder { try Program.run([command, "--help"], in: $0) }.output
    for option in options {
      #expect(help.contains(try Regex("[ \\[(,]\(option)[ ,\\])<=/\\n]")), "\(command) \(option)")
    }
  }
}
