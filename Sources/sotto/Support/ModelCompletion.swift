import ArgumentParser
import Basics
import Checkpoints
import Conversation
import TerminalInterface

extension CompletionKind {
  /// The names that `sotto models` lists, and paths. No model is opened.
  static var model: CompletionKind {
    .custom { _, index, word in
      let settings = (try? UserSettings.load()) ?? UserSettings()
      // The first word may be a subcommand, beside which the files here would be too many.
      let words = ModelCompletion.words(
        word, models: ModelFinder.from(settings).candidates().map(\.name),
        offersFiles: index > 1 || !word.isEmpty)
      // zsh shows what follows a colon as a description; names of Ollama have one.
      return CompletionShell.requesting == .zsh
        ? words.map { $0.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:") }
        : words
    }
  }

  /// The names of themes.
  static var theme: CompletionKind {
    .custom { _, _, word in ThemeLibrary(UserFolders()).names.filter { $0.hasPrefix(word) } }
  }

  /// The names of presets.
  static var preset: CompletionKind {
    .custom { _, _, word in PresetFolder(UserFolders()).names.filter { $0.hasPrefix(word) } }
  }

  /// The names of the saved conversations, with their titles where the shell shows descriptions.
  static var conversation: CompletionKind {
    .custom { _, _, word in
      let path = SessionStore.path(UserFolders())
      guard FileSystem.isFile(path), let saved = try? await SessionStore(path: path).list() else { return [] }
      return saved.filter { $0.id.hasPrefix(word) }.map { session in
        let title = VisibleText.singleLine(session.title)
        if CompletionShell.requesting == .zsh { return "\(session.id):\(title)" }
        return CompletionShell.requesting == .fish ? "\(session.id)\t\(title)" : session.id
      }
    }
  }

  /// The devices that every machine may have.
  static var device: CompletionKind { .list(["auto", "cpu", "cuda"]) }
}

/// What the shell completes for a model.
enum ModelCompletion {
  /// The names and paths that begin with a word.
  static func words(_ word: String, models: [String], offersFiles: Bool = true) -> [String] {
    let names = models.filter { $0.hasPrefix(word) }
    guard offersFiles else { return names }
    guard word.isEmpty || word.contains("/") || word.hasPrefix(".") || word.hasPrefix("~") || names.isEmpty
    else {
      return names
    }
    let folder = word.lastIndex(of: "/").map { String(word[...$0]) } ?? ""
    let path = UserFolders().expanding(folder.isEmpty ? "." : folder)
    let part = word.dropFirst(folder.count)
    return names
      + FileSystem.names(in: path).filter { $0.hasPrefix(part) }.map { name in
        folder + name + (FileSystem.isFolder(FileSystem.join(path, name)) ? "/" : "")
      }
  }
}
