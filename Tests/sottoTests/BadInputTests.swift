import Foundation
import TestSupport
import Testing

/// Invalid files and arguments give one line with the file and the problem, a non-zero exit code, and no crash.
struct BadInputTests {
  /// Kinds of invalid models. `make(in:)` creates one in a folder and returns its path.
  enum BadModel: String, CaseIterable, Sendable {
    case missing, empty, text, emptyFolder, truncatedMetadata, truncatedTensors, brokenConfiguration
    case unknownArchitecture, missingWeights, truncatedSafetensors, missingShard, missingTensor,
      directoryAsFile

    func make(in folder: URL) throws -> URL {
      let files = FileManager.default
      let gguf = folder.appending(path: "bad.gguf")
      let model = folder.appending(path: "bad-model")
      func copy(_ name: String) throws { try files.copyItem(at: Repository.tinyModel(name), to: model) }
      func truncate(_ url: URL, to count: Int) throws {
        try Data(try Data(contentsOf: url).prefix(count)).write(to: url)
      }
      switch self {
      case .missing: return folder.appending(path: "nowhere.gguf")
      case .empty: try Data().write(to: gguf)
      case .text: try Data("This is not a model.\n".utf8).write(to: gguf)
      case .directoryAsFile: try files.createDirectory(at: gguf, withIntermediateDirectories: true)
      case .truncatedMetadata, .truncatedTensors:
        try files.copyItem(at: Repository.tinyModel("gguf-llama-32").appending(path: "model.gguf"), to: gguf)
        try truncate(gguf, to: self == .truncatedMetadata ? 200 : 60_000)
      case .emptyFolder: try files.createDirectory(at: model, withIntermediateDirectories: true)
      case .brokenConfiguration:
        try copy("llama-plain")
        try truncate(model.appending(path: "config.json"), to: 100)
      case .unknownArchitecture:
        try copy("llama-plain")
        try Data(#"{"model_type": "abacus"}"#.utf8).write(to: model.appending(path: "config.json"))
      case .missingWeights:
        try copy("llama-plain")
        try files.removeItem(at: model.appending(path: "model.safetensors"))
      case .truncatedSafetensors:
        try copy("llama-plain")
        try truncate(model.appending(path: "model.safetensors"), to: 5000)
      case .missingShard:
        try copy("llama-biases-f16-sharded")
        try files.removeItem(at: model.appending(path: "model-00002-of-00002.safetensors"))
      case .missingTensor:
        try copy("llama-plain")
        let config = model.appending(path: "config.json")
        let text = try String(contentsOf: config, encoding: .utf8)
        try text.replacing(#""num_hidden_layers": 2"#, with: #""num_hidden_layers": 3"#)
          .write(to: config, atomically: true, encoding: .utf8)
      }
      return files.fileExists(atPath: gguf.path) ? gguf : model
    }
  }

  @Test func aDamagedSessionFileIsRenamed() throws {
    try Fixture.withFolder { folder in
      let data = folder.appending(path: "data/sotto")
      try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
      try Data("Dear diary".utf8).write(to: data.appending(path: "sessions.sqlite"))
      let program = try Program.run(["chat", "--continue"], in: folder)
      #expect(program.exitedNormally)
      #expect(program.exitCode != 0)
      #expect(program.errorLines.count == 2)
      #expect(program.errorLines.first?.contains("sessions.sqlite.damaged") == true)
      #expect(program.errorLines.last?.contains("no conversations are saved yet") == true)
      let aside = try Data(contentsOf: data.appending(path: "sessions.sqlite.damaged"))
      #expect(aside == Data("Dear diary".utf8))
    }
  }

  @Test(arguments: BadModel.allCases)
  func invalidModelsGiveOneLine(_ kind: BadModel) throws {
    try Fixture.withFolder { folder in
      let model = try kind.make(in: folder)
      let tokens = folder.appending(path: "tokens.json")
      try Data("[1, 2, 3]".utf8).write(to: tokens)
      let output = folder.appending(path: "logits.safetensors")
      for arguments in [
        ["logits", model.path, "--tokens", tokens.path, "--prefill", "2", "--output", output.path],
        ["generate", model.path, "-p", "Hello"],
        ["chat", model.path],
        ["bench", model.path, "--prompt", "1", "--generate", "1"],
      ] {
        let program = try Program.run(arguments, in: folder)
        let comment: Comment = "\(kind.rawValue): \(arguments[0]): \(program.error)"
        #expect(program.exitedNormally, comment)
        #expect(program.exitCode != 0, comment)
        #expect(program.errorLines.count == 1, comment)
        #expect(program.output.isEmpty, comment)
        if kind != .unknownArchitecture, kind != .missingTensor {
          #expect(program.error.contains(model.deletingPathExtension().lastPathComponent), comment)
        }
      }
      #expect(!FileManager.default.fileExists(atPath: output.path))
    }
  }

  /// Arguments that are refused before a model is opened, and a word that the message must contain.
  @Test(arguments: [
    (["generate"], "model"),
    (["generate", "m.gguf"], "-p"),
    (["generate", "m.gguf", "-p", "x", "--temperature", "warm"], "temperature"),
    (["generate", "m.gguf", "-p", "x", "--temperature", "nan"], "temperature"),
    (["generate", "m.gguf", "-p", "x", "--top-p", "-1"], "top-p"),
    (["generate", "m.gguf", "-p", "x", "--max-tokens", "0"], "max-tokens"),
    (["generate", "m.gguf", "-p", "x", "--max-tokens", "99999999999999999999"], "max-tokens"),
    (["generate", "m.gguf", "-p", "x", "--nonsense"], "nonsense"),
    (["bench"], "synthetic"),
    (["bench", "m.gguf", "--synthetic", "x"], "synthetic"),
    (["bench", "--synthetic", "x", "--prompt", "0"], "prompt"),
    (["bench", "--synthetic", "x", "--cpu-time", "--threads", "2"], "--threads 1"),
    (
      ["logits", "m.gguf", "--tokens", "t", "--prefill", "1", "--output", "o", "--precision", "rough"],
      "precision"
    ),
    (["chat", "--threads", "0"], "threads"),
    (["chat", "--temperature", "warm"], "temperature"),
    (["chat", "--reasoning", "loud"], "show, fold or hide"),
    (["chat", "--context-full", "x"], "context-full"),
    (["chat", "--cache-bits", "4"], "cache-bits"),
    (["detokenize", "m.gguf"], "ids"),
  ])
  func messagesNameInvalidArguments(_ arguments: [String], _ word: String) throws {
    let program = try Fixture.withFolder { try Program.run(arguments, in: $0) }
    #expect(program.exitedNormally)
    #expect(program.exitCode == 64, "\(program.error)")
    #expect(program.error.contains(word), "\(program.error)")
    #expect(program.output.isEmpty)
  }

  /// Invalid token files and prefill lengths.
  @Test(arguments: [
    ("[1, 2", "1"), ("{}", "1"), ("[]", "1"), (#"["a"]"#, "1"), ("[1, 99999]", "1"), ("[-1]", "1"),
    ("[1.5]", "1"),
    ("[1, 2]", "0"), ("[1, 2]", "3"), ("[1, 2]", "-1"), ("[1e30]", "1"),
    ("deep", "1"),
  ])
  func invalidTokensGiveOneLine(_ tokens: String, _ prefill: String) throws {
    try Fixture.withFolder { folder in
      let file = folder.appending(path: "tokens.json")
      let text = tokens == "deep" ? String(repeating: "[", count: 100_000) : tokens
      try Data(text.utf8).write(to: file)
      let output = folder.appending(path: "o.safetensors")
      let program = try Program.run(
        [
          "logits", Repository.tinyModel("llama-plain").path, "--tokens", file.path, "--prefill=\(prefill)",
          "--output",
          output.path,
        ], in: folder)
      #expect(program.exitedNormally && program.exitCode != 0, "\(program.error)")
      #expect(program.errorLines.count == 1, "\(program.error)")
      #expect(!FileManager.default.fileExists(atPath: output.path))
    }
  }

  @Test func withoutModelsTheMessageNamesTheDownload() throws {
    let program = try Fixture.withFolder { try Program.run(["chat"], in: $0) }
    #expect(program.exitCode == 1)
    #expect(program.errorLines.count == 1)
    #expect(program.error.contains("sotto/models"))
  }

  /// A misspelled command would be the name of a model.
  @Test func aMisspelledCommandIsRecognised() throws {
    try Fixture.withFolder { folder in
      _ = try ChainModel().write(in: folder)
      let command = try Program.run(["sesions"], in: folder)
      #expect(command.exitCode == 1 && command.error.contains("'sotto sessions'?"), "\(command.error)")
      let model = try Program.run(["chat", "llama"], in: folder)
      #expect(model.exitCode == 1 && !model.error.contains("did you mean"), "\(model.error)")
    }
  }

  /// A wrong model in the settings names that file, for every command that takes the model from there.
  @Test(arguments: [
    ["chat"], ["generate", "-p", "x"], ["tokenize"], ["detokenize", "1", "2"], ["bench"],
    ["logits", "--tokens", "t.json", "--prefill", "1", "--output", "o"],
  ])
  func aWrongModelInTheSettingsNamesTheFile(_ arguments: [String]) throws {
    try Fixture.withFolder { folder in
      let settings = folder.appending(path: "config/sotto/settings.toml")
      try FileManager.default.createDirectory(
        at: settings.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("model = 'nowhere.gguf'".utf8).write(to: settings)
      try Data("[1]".utf8).write(to: folder.appending(path: "t.json"))
      let arguments = arguments.map { $0 == "t.json" ? folder.appending(path: $0).path : $0 }
      let program = try Program.run(arguments, in: folder)
      #expect(program.exitedNormally && program.exitCode == 1, "\(program.error)")
      #expect(program.errorLines.count == 1, "\(program.error)")
      #expect(program.error.contains("settings.toml: model = \"nowhere.gguf\""), "\(program.error)")
    }
  }

  /// A device in the settings that this machine does not have names that file, and not the model.
  @Test(arguments: [["chat"], ["generate", "-p", "x"], ["batch", "-i", "requests.jsonl", "-o", "-"]])
  func anUnusableDeviceInTheSettingsNamesTheFile(_ arguments: [String]) throws {
    try Fixture.withFolder { folder in
      let model = try ChainModel().write(in: folder)
      let settings = folder.appending(path: "config/sotto/settings.toml")
      try FileManager.default.createDirectory(
        at: settings.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("model = '\(model)'\ndevice = 'cuda:1023'\n".utf8).write(to: settings)
      let requests = folder.appending(path: "requests.jsonl")
      try Data("{\"prompt\": \"x\"}\n".utf8).write(to: requests)
      let arguments = arguments.map { $0 == "requests.jsonl" ? requests.path : $0 }
      let program = try Program.run(arguments, in: folder)
      #expect(program.exitedNormally && program.exitCode == 1, "\(program.error)")
      #expect(program.error.contains("settings.toml: device = \"cuda:1023\": "), "\(program.error)")
      #expect(!program.error.contains("model = "), "\(program.error)")
      // The option takes precedence, and needs no file.
      let option = try Program.run(arguments + ["--device", "cuda:1022"], in: folder)
      #expect(option.exitCode == 1 && !option.error.contains("settings.toml"), "\(option.error)")
    }
  }

  @Test func settingsErrorsNameTheFile() throws {
    try Fixture.withFolder { folder in
      let settings = folder.appending(path: "config/sotto/settings.toml")
      try FileManager.default.createDirectory(
        at: settings.deletingLastPathComponent(), withIntermediateDirectories: true)
      for text in ["folders = [", "folders = 3", "colour = 'red'"] {
        try Data(text.utf8).write(to: settings)
        let program = try Program.run(["models"], in: folder)
        #expect(program.exitedNormally && program.exitCode == 1, "\(program.error)")
        #expect(program.errorLines.count == 1 && program.error.contains("settings.toml"), "\(program.error)")
      }
    }
  }
}
