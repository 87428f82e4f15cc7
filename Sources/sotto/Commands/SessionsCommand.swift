import ArgumentParser
import Basics
import Conversation
import Foundation
import Generation
import TerminalInterface

/// `sotto sessions`: the saved conversations.
struct SessionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sessions", abstract: "List, search, export, import and delete saved conversations.",
    subcommands: [List.self, Search.self, Export.self, Import.self, Delete.self], defaultSubcommand: List.self
  )

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the saved conversations, the latest first.")

    @Flag(help: "Print a JSON array.")
    var json = false

    func run() async throws {
      let sessions = try await SessionsCommand.use { try await $0.list() }
      if json {
        Console.out(JSON.array(sessions.map(\.json)).text() + "\n")
        return
      }
      if sessions.isEmpty { Console.note("no conversations are saved yet") }
      let now = Date().timeIntervalSince1970
      for session in sessions {
        Console.show("\(session.id)  \(VisibleText.singleLine(session.title))  (\(session.facts(at: now)))\n")
      }
    }
  }

  struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find the messages that contain all of these words.")

    @Argument(help: "The words.")
    var words: [String]

    @Flag(help: "Print a JSON array.")
    var json = false

    func run() async throws {
      let text = words.joined(separator: " ")
      let hits = try await SessionsCommand.use { try await $0.search(text) }
      if json { Console.out(JSON.array(hits.map(\.json)).text() + "\n") }
      var session = ""
      for hit in hits where !json {
        if hit.session != session { Console.show("\(hit.session)  \(VisibleText.singleLine(hit.title))\n") }
        session = hit.session
        Console.show("    \(hit.role.rawValue): \(VisibleText.singleLine(hit.excerpt))\n")
      }
      if hits.isEmpty { throw ExitCode(1) }
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a conversation as Markdown, or as JSON.")

    @Argument(
      help: "Its name or title, or a prefix of one; 'latest' for the latest.", completion: .conversation)
    var name: String

    @Flag(help: "Print JSON instead of Markdown.")
    var json = false

    func run() async throws {
      let (title, session) = try await SessionsCommand.use { store in
        let summary = try await store.find(name, listedBy: SessionsCommand.listing)
        return (summary.title, try await store.load(summary.id))
      }
      guard let session else { throw CommandError("the conversation was deleted meanwhile") }
      Console.show(
        json
          ? session.tree.json(model: session.model, title: session.title)
          : session.tree.markdown(title: title))
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete a conversation permanently, with its caches and its lines of the input history.")

    @Argument(help: "Its name or title, or a prefix of one.", completion: .conversation)
    var name: String

    @Flag(help: "Do not ask for confirmation.")
    var yes = false

    func run() async throws {
      let summary = try await SessionsCommand.use {
        try await $0.find(name, listedBy: SessionsCommand.listing)
      }
      if !yes {
        Console.note("Delete '\(VisibleText.singleLine(summary.title))'? y deletes it.")
        guard ["y", "yes"].contains(readLine()?.lowercased() ?? "") else {
          throw CommandError("nothing was deleted")
        }
      }
      try await SessionsCommand.use { store in
        // A damaged session can be deleted as well.
        let inputs = (try? await store.load(summary.id))?.inputs ?? []
        try await store.delete(summary.id)
        let options = ChatOptions(environment: ProcessInfo.processInfo.environment)
        if let path = options.historyFile { HistoryFile(path: path).remove(inputs) }
      }
      let folders = UserFolders()
      DraftFolder(folders).save(Draft(), of: summary.id, isNew: false)
      PlaceFolder(folders).save(nil, of: summary.id)
      let caches = try UserSettings.load().cacheStore
      caches?.removeAll(of: summary.id)
      // The system prompt of the session may be in one.
      caches?.removeHeads()
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Save the conversations of an export.",
      discussion: """
        The file is JSON or Markdown of 'sotto sessions export', the conversations.json of a ChatGPT export, the output \
        of 'ollama show --modelfile NAME' for a conversation that '/save NAME' kept there, or JSON with messages as Ollama \
        has them: one object, an array of objects, or one object a line.
        """)

    @Argument(help: "The file; '-' for standard input.")
    var file: String

    func run() async throws {
      let text: String
      if file == "-" {
        text = try Console.input()
      } else {
        guard let data = FileManager.default.contents(atPath: file) else {
          throw CommandError("\(file): cannot be read")
        }
        text = String(decoding: data, as: UTF8.self)
      }
      let found: [ConversationImport.Imported]
      do throws(ConversationImport.Problem) { found = try ConversationImport.read(text) } catch {
        throw CommandError("\(file): \(error)")
      }
      try await SessionsCommand.use { store in
        for item in found {
          let session = Session(
            id: SessionIdentifier.make(), title: item.title, model: item.model, tree: item.tree)
          store.save(session)
          await store.flush()
          if case .failed(let reason)? = store.outcome(of: session.id) { throw CommandError(reason) }
          let title = item.title ?? item.tree.opening.map { SessionTitle.of($0) } ?? ""
          Console.show("\(session.id)  \(VisibleText.singleLine(title))\n")
        }
      }
    }
  }

  /// What lists the conversations, for messages.
  static let listing = "'sotto sessions'"

  private static func use<Result>(_ body: (SessionStore) async throws -> Result) async throws -> Result {
    let store = SessionStore(path: SessionStore.path(UserFolders()))
    store.listen { Console.note($0) }
    do {
      let result = try await body(store)
      await store.close()
      return result
    } catch let error as SessionStore.Failure {
      throw CommandError(error.description)
    }
  }
}

extension SessionSummary {
  /// The object of `sotto sessions list --json`; the time is in seconds since 1970.
  var json: JSON {
    [
      "id": .string(id), "title": .string(title), "model": model.map { .string($0) } ?? .null,
      "messages": .integer(messages), "saved": .number(saved),
    ]
  }
}

extension SessionHit {
  /// The object of `sotto sessions search --json`.
  var json: JSON {
    [
      "id": .string(session), "title": .string(title), "message": .integer(message),
      "role": .string(role.rawValue), "excerpt": .string(excerpt),
    ]
  }
}
