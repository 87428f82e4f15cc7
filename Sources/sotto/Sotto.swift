import ArgumentParser

/// The program: its commands and nothing else.
@main
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
