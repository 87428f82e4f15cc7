import Basics

/// An error of a command, with a one-line message for the user.
struct CommandError: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = printable(description, limit: 2000) }

  /// There is no model on this machine.
  static var noModels: CommandError {
    let folder = FileSystem.join(UserFolders().data, "sotto/models")
    return CommandError(
      "no models found; 'sotto pull owner/repo' downloads one; or put a GGUF file or a model folder into "
        + "\(folder), or name one: sotto chat FILE")
  }
}
