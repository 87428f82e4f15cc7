import ArgumentParser
import Basics
import Checkpoints
import Conversation
import Foundation
import Generation
import LocalEngine
import TerminalInterface

/// `sotto chat`, the default command: a conversation in the terminal.
struct ChatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Chat with a model in the terminal.")

  @Argument(
    help: """
      The file or folder of a model, or a name from 'sotto models' (default: the model of the resumed \
      conversation, otherwise the model in the settings).
      """, completion: .model)
  var model: String?

  @Option(help: "The system prompt.")
  var system: String?

  @Option(
    help: "A preset: a system prompt, settings and a model, from NAME.toml in the folder sotto/presets.",
    completion: .preset)
  var preset: String?

  @Flag(name: [.customShort("c"), .customLong("continue")], help: "Resume the latest conversation.")
  var continues = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Resume the conversation with this name or title, or a prefix of one; 'latest' for the latest.",
      valueName: "name"), completion: .conversation)
  var resume: String?

  @Option(
    help: """
      A smaller model with the same vocabulary that proposes tokens for faster answers (default: the draft model in \
      the settings).
      """, completion: .model)
  var draft: String?

  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var options: ChatSettingOptions
  @OptionGroup var cache: CacheOptions
  @OptionGroup var compute: ComputeOptions

  func run() async throws {
    var settings = try UserSettings.load()
    settings.options = optionValues
    try settings.use(preset: preset)
    let finder = ModelFinder.from(settings)
    var options = ChatOptions(environment: ProcessInfo.processInfo.environment)
    options.settings = settings
    options.preset = preset
    options.downloads = HubDownloads(finder)
    options.keepsHistory = settings.flag(.history)
    if options.keepsHistory {
      options.sessions = SessionStore(path: SessionStore.path(UserFolders()))
    }
    options.resumed = try await resumed(from: options.sessions)
    let resumedModel = options.resumed?.model.flatMap { name in
      finder.entries().first { $0.names.contains(name) && $0.problem == nil }?.path
    }
    let choice = try choice(model ?? resumedModel, settings, finder)
    let engine = localChatEngine(
      finder: finder, threads: compute.threadCount(settings), device: compute.device(settings),
      cacheFormat: settings.integer(.cacheBits) == 8 ? .int8 : .float16, limits: settings.limits,
      draft: try DraftModel(named: draft, settings), store: options.keepsHistory ? settings.cacheStore : nil,
      turnFile: TurnSignal.file())
    do {
      let display = LoadingDisplay(choice.name)
      defer { display.clear() }
      let loaded = try await engine.switchModel(to: choice.name) { display.show($0) }
      if let missing = options.resumed?.model, model == nil, resumedModel == nil {
        options.notices.append(
          "This conversation used the model \(missing), which was not found; \(loaded.name) answers now.")
      }
      if let notice = loaded.notice { options.notices.append(notice) }
    } catch { throw compute.explained(choice.explained(hinted(error)), settings) }
    let status = await runChat(engine: engine, options: options)
    if status != 0 { throw ExitCode(status) }
  }

  /// The model to chat with. A user at a terminal who has none is offered some.
  private func choice(_ name: String?, _ settings: UserSettings, _ finder: ModelFinder) throws -> NamedModel {
    do { return try NamedModel(name, settings, finder) } catch let error as CommandError
      where error == .noModels && FirstModel.canAsk
    {
      return try NamedModel(FirstModel(finder: finder).download(), settings, finder)
    }
  }

  /// An error, with the nearest command if a name of no model is probably a misspelled one.
  private func hinted(_ error: any Error) -> any Error {
    let commands = Sotto.configuration.subcommands.compactMap { $0.configuration.commandName }
    guard let model, !model.contains("/"), (error as? FileError)?.kind == .notFound,
      let command = NearestName.of(model, among: commands)
    else { return error }
    return CommandError("\(error); or did you mean the command 'sotto \(command)'?")
  }

  private var optionValues: UserSettings.Values {
    var values = sampling.values
    for more in [options.values, cache.values, compute.values] { values.merge(more) { $1 } }
    if let system { values[.systemPrompt] = .text(system) }
    return values
  }

  func validate() throws {
    if continues && resume != nil {
      throw ValidationError("--continue means --resume latest; specify only one of them")
    }
    if options.history == false && (continues || resume != nil) {
      throw ValidationError("--no-history cannot be combined with --continue or --resume")
    }
  }

  private func resumed(from sessions: SessionStore?) async throws -> Session? {
    guard let query = resume ?? (continues ? "latest" : nil) else { return nil }
    guard let sessions else {
      throw CommandError(
        "conversations are not saved, because the settings have history = false; none can be resumed")
    }
    do {
      let found = try await sessions.find(query, listedBy: SessionsCommand.listing)
      return try await sessions.load(found.id)
    } catch {
      sessions.listen { Console.note($0) }
      throw CommandError("\(continues ? "--continue" : "--resume \(query)"): \(error)")
    }
  }
}
