/// What went wrong in a command, in one line for the person who gave it.
struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
