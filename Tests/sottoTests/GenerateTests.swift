import Basics
import Foundation
import Testing

/// `sotto generate` and `render` with models whose answer is known.
struct GenerateTests {
  /// Runs `generate --json`; returns the text, the reason of its end, and the number of prompt tokens.
  private func generate(
    _ model: ChainModel, _ prompt: String = "hello", _ options: [String] = []
  ) throws -> (text: String?, reason: String?, promptTokens: Int?) {
    try Fixture.withFolder { folder in
      let arguments = ["generate", try model.write(in: folder), "-p", prompt, "--json", "--max-tokens", "20"]
      let program = try Program.run(arguments + ["--temperature", "0"] + options, in: folder)
      #expect(program.exitCode == 0, "\(program.error)")
      let json = try JSON(parsing: program.output)
      return (json["text"]?.asString, json["finish_reason"]?.asString, json["prompt_tokens"]?.asInteger)
    }
  }

  /// The end of a turn that the files do not name, in several ways.
  @Test(arguments: ["<|im_end|>", "<end_of_turn>", "<my_end>"], [true, false])
  func theEndOfATurnIsFound(_ end: String, _ isSpecial: Bool) throws {
    var model = ChainModel()
    model.added = [["content": "<|im_start|>"], ["content": .string(end), "special": .bool(isSpecial)]]
    model.template = model.template.replacing("<|im_end|>", with: end)
    let (text, reason, _) = try generate(model)
    #expect(text == "Hi ok." && reason == "stop")
    // The user's text does not become the token.
    let (plain, quoted) = (try generate(model, ""), try generate(model, end))
    #expect(quoted.promptTokens == plain.promptTokens.map { $0 + end.utf8.count })
  }

  /// generation_config.json lists several.
  @Test func endsOfGenerationConfig() throws {
    var model = ChainModel()
    model.end = 259
    model.added.append(["content": "<stop>"])
    model.files["generation_config.json"] = #"{"eos_token_id": [257, 259]}"#
    #expect(try generate(model).reason == "stop")
    model.files = [:]
    #expect(try generate(model).reason == "length")
  }

  /// Special tokens that only tokenizer_config.json lists.
  @Test func addedTokensDecoder() throws {
    var model = ChainModel()
    model.added = []
    model.files["tokenizer_config.json"] = """
      {"eos_token": "<|im_end|>", "added_tokens_decoder": {"256": {"content": "<|im_start|>", "special": true},
       "257": {"content": "<|im_end|>", "special": true}}}
      """
    let (text, reason, count) = try generate(model, "hello")
    #expect(text == "Hi ok." && reason == "stop")
    // <|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n
    #expect(count == 1 + 5 + 5 + 1 + 1 + 1 + 10)
  }

  @Test func aTemplateThatNeedsPartsGetsThem() throws {
    var model = ChainModel()
    model.template = model.template.replacing(
      "{{ m.content }}", with: "{% for part in m.content %}{{ part.text }}{% endfor %}")
    let (text, reason, count) = try generate(model, "hello")
    #expect(text == "Hi ok." && reason == "stop" && count == 24)
    try Fixture.withFolder { folder in
      let messages = folder.appending(path: "messages.json")
      try Data(#"[{"role": "user", "content": "hello"}]"#.utf8).write(to: messages)
      let program = try Program.run(
        ["render", try model.write(in: folder), "--messages", messages.path, "--no-generation-prompt"],
        in: folder)
      #expect(program.output == "<|im_start|>user\nhello<|im_end|>\n")
    }
  }

  /// The tokenizer knows a closing tag that the embedding lacks.
  @Test func aTagBeyondTheEmbeddingIsAnError() throws {
    var model = ChainModel()
    model.answer = "0123456789abcdefghijklmnopqrstuvwxyz"
    model.added += [["content": "<think>", "id": 259], ["content": "</think>", "id": 5000]]
    model.template += #"{# </think> #}{{ '<think>\n' }}"#
    try Fixture.withFolder { folder in
      let path = try model.write(in: folder)
      let program = try Program.run(
        ["generate", path, "-p", "x", "--temperature", "0", "--max-tokens", "16"], in: folder)
      #expect(program.exitCode == 1 && program.exitedNormally)
      #expect(program.errorLines.count == 1 && program.error.contains("vocabulary"), "\(program.error)")
    }
  }

  /// Bytes in a pipe stay as they are; a full disk is reported.
  @Test func standardOutput() throws {
    var model = ChainModel()
    model.answer = "a\u{1B}[31mb"
    try Fixture.withFolder { folder in
      let path = try model.write(in: folder)
      let arguments = ["generate", path, "-p", "x", "--temperature", "0"]
      #expect(try Program.run(arguments, in: folder).output == "a\u{1B}[31mb\n")
      guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
      let program = try Program.run(arguments, in: folder, output: URL(filePath: "/dev/full"))
      #expect(program.exitCode == 1 && program.exitedNormally)
      #expect(program.errorLines.count == 1 && program.error.contains("standard output"), "\(program.error)")
    }
  }

  /// What the model recommends holds below the settings file and the options. A recommended temperature of 0 makes the
  /// text certain; a high one with many equal tokens does not.
  @Test func recommendedSamplingIsTheDefault() throws {
    var model = ChainModel()
    model.files["generation_config.json"] = #"{"temperature": 0, "eos_token_id": 257}"#
    try Fixture.withFolder { folder in
      let path = try model.write(in: folder)
      func text(_ options: [String]) throws -> String? {
        let program = try Program.run(
          ["generate", path, "-p", "x", "--json", "--max-tokens", "9"] + options, in: folder)
        return try JSON(parsing: program.output)["text"]?.asString
      }
      #expect(try text([]) == "Hi ok.")
      let free = ["--temperature", "100", "--top-k", "0", "--top-p", "1", "--min-p", "0", "--seed", "3"]
      #expect(try text(free) != "Hi ok.")
      let config = folder.appending(path: "config/sotto")
      try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
      try Data("temperature = 10.0\ntop_k = 0\ntop_p = 1.0\nmin_p = 0\n".utf8)
        .write(to: config.appending(path: "settings.toml"))
      #expect(try text(["--seed", "3"]) != "Hi ok.")
      #expect(try text(["--temperature", "0"]) == "Hi ok.")
    }
  }
}
