import ArgumentParser
import CKernels

@main
enum Program {
  static func main() async {
    // This must precede the creation of other threads.
    sotto_use_one_heap()
    if let shell = CompletionScript.shell(of: Array(CommandLine.arguments.dropFirst())) {
      Console.out(CompletionScript(for: shell).text)
    } else {
      await Sotto.main()
    }
  }
}

/// The root command.
struct Sotto: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sotto",
    abstract: "Chat with language models on this machine.",
    usage: """
      sotto [MODEL] [--continue] [--resume NAME] [--system TEXT] [OPTION ...]
      sotto SUBCOMMAND ...
      """,
    discussion: """
      Without a subcommand, a chat starts: with MODEL (a file, a folder, or a name from 'sotto models'), otherwise with \
      the model in the settings. --continue (-c) resumes the latest conversation. 'sotto chat --help' lists all options \
      of the chat, 'sotto config' the settings.
      """,
    version: "0.1.0",
    subcommands: [
      ChatCommand.self, GenerateCommand.self, BatchCommand.self, ModelsCommand.self, DevicesCommand.self,
      PullCommand.self,
      RemoveCommand.self, QuantizeCommand.self, InspectCommand.self, SessionsCommand.self,
      ConfigCommand.self, TokenizeCommand.self,
      DetokenizeCommand.self, RenderCommand.self, LogitsCommand.self, BenchCommand.self,
    ],
    defaultSubcommand: ChatCommand.self)
}
