import Basics

/// The files that a line of the line mode attaches: `@path` at the start of a word, as in the composer.
package enum LineAttachments {
  /// The message with the files in place of their paths, and what to tell the user of them.
  package struct Found: Equatable {
    package var parts: [Draft.Element]
    package var notices: [String]
  }

  /// The attachments of a line; nil for a command, and for a line without the path of an existing file.
  /// - Throws: the problem of an existing file that cannot be attached.
  package static func of(
    _ line: String, _ folders: UserFolders
  ) throws(FileAttachment.Problem) -> Found? {
    guard case .message(let text) = SubmittedLine.parse(line), text.contains("@") else { return nil }
    var found = Found(parts: [], notices: [])
    var rest = text[...]
    var isWordStart = true
    while let character = rest.first {
      if isWordStart, character == "@", let path = path(rest.dropFirst(), folders) {
        let file = try FileAttachment.read(path, folders)
        found.parts.append(.attachment(file.label, file.text))
        found.notices.append(file.leftOut ?? "Attached: \(VisibleText.singleLine(file.label))")
        rest = rest.dropFirst(1 + path.count)
      } else {
        found.parts.append(.character(character))
        rest = rest.dropFirst()
      }
      isWordStart = character.isWhitespace
    }
    return found.notices.isEmpty ? nil : found
  }

  // The path of files that the text starts with, without punctuation that follows it; nil for none.
  private static func path(_ text: Substring, _ folders: UserFolders) -> String? {
    var path = text.prefix { !$0.isWhitespace }
    while !path.isEmpty {
      let typed = String(path)
      if FileSystem.kind(folders.expanding(typed)) != .nothing { return typed }
      if FilePattern.isPattern(FileListing.split(typed).name),
        FileListing.of(typed, folders).items.contains(where: { !$0.isFolder })
      {
        return typed
      }
      guard let last = path.last, ".,;:!?)]}\"'".contains(last) else { return nil }
      path = path.dropLast()
    }
    return nil
  }
}
