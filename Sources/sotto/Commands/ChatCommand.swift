import ArgumentParser
import Basics
import Checkpoints
import Conversation
import Foundation
import Generation
import LocalEngine
import TerminalInterface

/// `sotto chat`, and `sotto` alone: a conversation in the terminal.
struct ChatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Talk with a model in the terminal.")

  @Argument(
    help: """
      A model's file or folder, or a name that 'sotto models' lists (default: the one that the resumed \
      conversation was written with, else the settings' model).
      """)
  var model: String?

  @Option(help: "The system message.")
  var system: String?

  @Flag(name: [.customShort("c"), .customLong("continue")], help: "Go on with the latest conversation.")
  var continues = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Go on with the conversation of this name or title, or beginning of one; 'latest' for the latest.",
      valueName: "name"))
  var resume: String?

  @Flag(name: .customLong("no-history"), help: "Keep nothing of this chat on the disk.")
  var keepsNothing = false

  @OptionGroup var compute: ComputeOptions

  func run() async throws {
    let settings = try Settings.load()
    let finder = try ModelFinder.fromSettings()
    var options = ChatOptions(environment: ProcessInfo.processInfo.environment)
    options.theme = settings.theme
    options.systemPrompt = system
    options.typingAhead = settings.typingAhead
    options.keepsHistory = settings.history && !keepsNothing
    if options.keepsHistory {
      options.sessions = SessionStore(path: SessionStore.path(UserFolders()))
    }
    options.resumed = try await resumed(from: options.sessions)
    let resumedModel = options.resumed?.model.flatMap { name in
      finder.entries().first { $0.name == name && $0.error == nil }?.path
    }
    guard
      let name = model ?? resumedModel ?? settings.model ?? DefaultModel.choose(among: finder.entries())
    else {
      throw CommandError(
        "no models found; 'make chat' fetches the default one, or give a path: sotto chat PATH")
    }
    let engine = localChatEngine(
      finder: finder, threads: compute.threadCount, cacheFormat: settings.cacheBits == 8 ? .int8 : .float16,
      limits: settings.limits, sampling: settings.sampling,
      store: options.keepsHistory ? settings.store : nil)
    _ = try await engine.switchModel(to: name)
    let status = await runChat(engine: engine, options: options)
    if status != 0 { throw ExitCode(status) }
  }

  func validate() throws {
    if continues && resume != nil {
      throw ValidationError("--continue is --resume latest; give one of them")
    }
    if keepsNothing && (continues || resume != nil) {
      throw ValidationError("--no-history keeps nothing that could be resumed")
    }
  }

  private func resumed(from sessions: SessionStore?) async throws -> Session? {
    guard let wanted = resume ?? (continues ? "latest" : nil) else { return nil }
    guard let sessions else { throw CommandError("conversations are not kept, so none can be resumed") }
    do {
      return try await sessions.load(try await sessions.find(wanted).id)
    } catch {
      sessions.listen { Console.note($0) }
      throw CommandError("\(continues ? "--continue" : "--resume \(wanted)"): \(error)")
    }
  }
}

extension Settings {
  /// The memory that the chat may use.
  fileprivate var limits: GeneratorLimits {
    GeneratorLimits(
      cacheBytes: cacheBudget.map { Int($0 * 1e9) }, modelBytes: modelBudget.map { Int($0 * 1e9) })
  }

  /// Where caches are saved.
  fileprivate var store: CacheStore? { cacheDisk > 0 ? CacheStore(limit: Int(cacheDisk * 1e9)) : nil }
}
