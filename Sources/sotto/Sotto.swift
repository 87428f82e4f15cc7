import ArgumentParser
import CKernels

@main
enum Program {
  static func main() async {
    // This must precede the creation of other threads.
    sotto_use_one_heap()
    await Sotto.main()
  }
}

/// The root command.
struct Sotto: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sotto",
    abstract: "Chat with language models on this machine.",
    version: "0.1.0",
    subcommands: [
      ChatCommand.self, GenerateCommand.self, BatchCommand.self, ModelsCommand.self, PullCommand.self,
      RemoveCommand.self, QuantizeCommand.self, InspectCommand.self, SessionsCommand.self,
      TokenizeCommand.self,
      DetokenizeCommand.self, RenderCommand.self, LogitsCommand.self, BenchCommand.self,
    ],
    defaultSubcommand: ChatCommand.self)
}
