import Basics

/// An error of a command, with a one-line message for the user.
struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = printable(description, limit: 2000) }

  /// There is no model on this machine.
  static var noModels: CommandError {
    let folder = FileSystem.join(UserFolders().data, "sotto/models")
    return CommandError(
      "no models found; put a GGUF file or a model folder into \(folder), or name one: sotto chat FILE")
  }
}
