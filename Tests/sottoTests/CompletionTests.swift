import Foundation
import Testing

/// The completion script in bash. Those for zsh and fish are changed in the same way, and were tried by hand.
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
}
