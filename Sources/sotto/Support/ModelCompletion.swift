import ArgumentParser
import Basics
import Checkpoints
import TerminalInterface

extension CompletionKind {
  /// The names that `sotto models` lists, and paths. No model is opened.
  static var model: CompletionKind {
    .custom { _, _, word in
      let settings = (try? UserSettings.load()) ?? UserSettings()
      let words = ModelCompletion.words(word, models: ModelFinder.from(settings).candidates().map(\.name))
      // zsh shows what follows a colon as a description; names of Ollama have one.
      return CompletionShell.requesting == .zsh
        ? words.map { $0.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:") }
        : words
    }
  }
}

/// What the shell completes for a model.
enum ModelCompletion {
  /// The names and paths that begin with a word.
  static func words(_ word: String, models: [String]) -> [String] {
    let names = models.filter { $0.hasPrefix(word) }
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
