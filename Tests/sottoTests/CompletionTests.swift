import Foundation
import Testing

/// The completion scripts. That for zsh is tried by hand; what is added to it is compared with the rest of it.
struct CompletionTests {
  private static let bash = "/bin/bash"

  /// What bash offers for a command line whose last word is being typed.
  private func completions(of line: String, in folder: URL) throws -> [String] {
    let script = try Program.run(["--generate-completion-script", "bash"], in: folder)
    #expect(script.exitCode == 0 && script.error.isEmpty, "\(script.error)")
    let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    let all = [Program.path] + words.dropFirst()
    let text = """
      \(script.output)
      COMP_WORDS=(\(all.map { "'\($0)'" }.joined(separator: " ")))
      COMP_CWORD=\(all.count - 1)
      COMP_LINE='\(all.joined(separator: " "))'
      COMP_POINT=${#COMP_LINE}
      cd '\(folder.path)'
      _sotto '\(all[0])' '\(all[all.count - 1])' '\(all[all.count - 2])'
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    let file = folder.appending(path: "script-\(UUID().uuidString)")
    try text.write(to: file, atomically: true, encoding: .utf8)
    let result = try Program.run([file.path], in: folder, program: URL(filePath: Self.bash))
    #expect(result.exitCode == 0 && result.error.isEmpty, "\(result.error)")
    return result.output.split(separator: "\n").map(String.init)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: bash)))
  func bashCompletesCommandsModelsAndOptions() throws {
    try Fixture.withFolder { folder in
      let models = folder.appending(path: "data/sotto/models")
      try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
      let model = URL(filePath: try ChainModel().write(in: models)).lastPathComponent
      let first = try completions(of: "sotto ", in: folder)
      #expect(Set(["chat", "generate", "sessions", "--resume", model]).isSubset(of: first))
      #expect(!first.contains { $0.hasPrefix("data") }, "no files beside the subcommands")
      #expect(try completions(of: "sotto chain", in: folder) == [model])
      #expect(try completions(of: "sotto generate chain", in: folder) == [model])
      #expect(try completions(of: "sotto chat --draft chain", in: folder) == [model])
      #expect(try completions(of: "sotto chat dat", in: folder) == ["data/"])
      #expect(try completions(of: "sotto sessions ex", in: folder) == ["export"])
      #expect(try completions(of: "sotto chat --theme nig", in: folder) == ["night"])
      #expect(try completions(of: "sotto generate --device ", in: folder) == ["auto", "cpu", "cuda"])
      for line in ["sotto --th", "sotto chat --th", "sotto \(model) --th"] {
        #expect(try completions(of: line, in: folder).sorted() == ["--theme", "--threads"], "\(line)")
      }
      #expect(try completions(of: "sotto \(model) --reasoning ", in: folder) == ["show", "fold", "hide"])
    }
  }

  private static let fish = "/usr/bin/fish"

  /// Models are offered for the first argument only, and options behind it too.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: fish)))
  func fishOffersOneModel() throws {
    try Fixture.withFolder { folder in
      let script = try Program.run(["--generate-completion-script", "fish"], in: folder)
      /// The exit statuses of the conditions for a model and for an option after these words.
      func statuses(_ words: String) throws -> [String] {
        let text = """
          \(script.output)
          function __sotto_tokens; printf '%s\\n' \(words); end
          __sotto_should_offer_completions_for_positional "sotto" -eq 1; echo $status
          __sotto_should_offer_completions_for_flags_or_options "sotto" theme; echo $status
          """
        let file = folder.appending(path: "script.fish")
        try text.write(to: file, atomically: true, encoding: .utf8)
        let result = try Program.run(
          ["--no-config", file.path], in: folder, program: URL(filePath: Self.fish))
        #expect(result.exitCode == 0 && result.error.isEmpty, "\(result.error)")
        return result.output.split(separator: "\n").map(String.init)
      }
      #expect(try statuses("sotto") == ["0", "0"])
      #expect(try statuses("sotto --plain") == ["0", "0"])
      #expect(try statuses("sotto MODEL") == ["1", "0"])
      #expect(try statuses("sotto --plain MODEL") == ["1", "0"])
      #expect(try statuses("sotto generate") == ["1", "1"])
    }
  }

  /// The options of the chat without its name take the same words as with it.
  @Test func zshKnowsTheWordsOfOptions() throws {
    try Fixture.withFolder { folder in
      let script = try Program.run(["--generate-completion-script", "zsh"], in: folder).output
      func arrays(_ function: String) -> [Substring] {
        script.split(separator: "\n").drop { $0 != "\(function)() {" }
          .prefix { !$0.contains("arg_specs=(") }.filter { $0.contains("local -ar ___") }
      }
      #expect(arrays("_sotto") == arrays("_sotto_chat") && !arrays("_sotto").isEmpty)
      let model = "':model:{__sotto_custom_complete ---completion chat"
      #expect(script.components(separatedBy: model).count == 2)
    }
  }
}
