import Basics
import Foundation
import Testing

/// `--draft` with model files, and the log probabilities of `--logprobs`.
struct DraftTests {
  private static let arguments = [
    "-p", "hello", "--json", "--max-tokens", "20", "--temperature", "0", "--logprobs", "2",
  ]

  /// Another model of the same vocabulary, and the model itself.
  @Test(arguments: [true, false]) func theAnswerIsThatWithoutADraft(_ isOther: Bool) throws {
    try Fixture.withFolder { folder in
      let path = try ChainModel().write(in: folder)
      var other = ChainModel()
      other.answer = "Hi no!"
      let draft = isOther ? try other.write(in: folder) : path
      let plain = try Program.run(["generate", path] + Self.arguments, in: folder)
      let ahead = try Program.run(["generate", path, "--draft", draft] + Self.arguments, in: folder)
      let (one, two) = (try JSON(parsing: plain.output), try JSON(parsing: ahead.output))
      #expect(one["text"]?.asString == "Hi ok." && ahead.exitCode == 0, "\(ahead.error)")
      for key in ["text", "tokens", "finish_reason", "logprobs"] { #expect(one[key] == two[key]) }
      // The end of the turn is not part of the answer.
      let tokens = one["logprobs"]?.asArray ?? []
      #expect(tokens.compactMap { $0["token"]?.asString }.joined() == "Hi ok.")
      for token in tokens {
        // One logit has the norm of a one-hot vector of 288 numbers, the others are 0.
        let expected = 288.0.squareRoot() - Foundation.log(Foundation.exp(288.0.squareRoot()) + 287)
        #expect(abs((token["logprob"]?.asNumber ?? 1) - expected) < 1e-3)
        #expect(token["top_logprobs"]?.asArray?.count == 2)
      }
    }
  }

  /// A draft model proposes ids, which must mean the same.
  @Test func anotherVocabularyIsRefused() throws {
    var renamed = ChainModel(), larger = ChainModel()
    renamed.added[2] = ["content": "<|other|>", "special": true]
    larger.added += (0..<300).map { ["content": .string("<|more\($0)|>"), "special": true] }
    larger.vocabularySize = 640
    try Fixture.withFolder { folder in
      let path = try ChainModel().write(in: folder)
      for (draft, reason) in [(renamed, "its token 258 is"), (larger, "its vocabulary has 559 tokens")] {
        let other = try draft.write(in: folder)
        for command in [["generate", path, "-p", "x"], ["chat", path]] {
          let program = try Program.run(command + ["--draft", other], in: folder)
          #expect(program.exitCode == 1 && program.exitedNormally && program.output.isEmpty)
          #expect(program.errorLines.count == 1, "\(program.error)")
          for part in ["does not fit", reason, "choose a smaller model of the same family"] {
            #expect(program.error.contains(part), "\(program.error)")
          }
        }
        // From the settings, it is used where it fits.
        let config = folder.appending(path: "config/sotto")
        try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
        try Data("draft = \"\(other)\"\n".utf8).write(to: config.appending(path: "settings.toml"))
        let program = try Program.run(["generate", path, "-p", "x", "--temperature", "0"], in: folder)
        #expect(program.output == "Hi ok.\n" && program.exitCode == 0, "\(program.error)")
        try FileManager.default.removeItem(at: config)
      }
    }
  }

  @Test func logProbabilitiesRequireJSON() throws {
    try Fixture.withFolder { folder in
      let path = try ChainModel().write(in: folder)
      for options in [["--logprobs", "2"], ["--json", "--logprobs", "21"], ["--json", "--logprobs", "-1"]] {
        let program = try Program.run(["generate", path, "-p", "x"] + options, in: folder)
        #expect(program.exitCode == 64 && program.error.contains("--logprobs"), "\(program.error)")
      }
    }
  }
}
