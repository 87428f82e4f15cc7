import ArgumentParser
import CKernels

@main
enum Program {
  static func main() async {
    // Before there is a second thread.
    sotto_use_one_heap()
    await Sotto.main()
  }
}

/// The program's commands and nothing else.
struct Sotto: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sotto",
    abstract: "Chat with language models that run on this machine.",
    version: "0.1.0",
    subcommands: [
      ChatCommand.self, GenerateCommand.self, ModelsCommand.self, TokenizeCommand.self,
      DetokenizeCommand.self, RenderCommand.self, LogitsCommand.self, BenchCommand.self,
    ],
    defaultSubcommand: ChatCommand.self)
}
