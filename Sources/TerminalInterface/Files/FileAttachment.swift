import Basics

/// Text files that are attached to a message.
package struct FileAttachment: Sendable, Equatable {
  /// The label in the composer: the path, and the number of lines or files.
  package var label: String
  /// The text that is sent: for each file its name and its content as a code block.
  package var text: String
  /// What was left out, and why; nil for nothing.
  package var leftOut: String?

  package init(label: String, text: String, leftOut: String? = nil) {
    (self.label, self.text, self.leftOut) = (label, text, leftOut)
  }

  /// The maximum bytes of one attachment.
  package static let limit = 256 * 1024
  /// The maximum number of files.
  package static let fileLimit = 200
  private static let depthLimit = 8

  /// A path that gives no attachment, with the reason.
  package struct Problem: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Reads a file, all text files of a folder, or the files that match a pattern in the last part of the path.
  /// - Throws: `Problem`.
  package static func read(_ typed: String, _ folders: UserFolders) throws(Problem) -> FileAttachment {
    let path = folders.expanding(typed)
    let shown = VisibleText.singleLine(typed)
    switch FileSystem.kind(path) {
    case .file: return try one(path, typed)
    case .folder:
      var found: [String] = []
      collect(path, 0, &found)
      return try several(found, typed, root: path)
    case .other: throw Problem(description: "\(shown) is not a regular file")
    case .nothing:
      let items = FileListing.of(typed, folders).items.filter { !$0.isFolder }
      guard FilePattern.isPattern(FileListing.split(typed).name), !items.isEmpty else {
        throw Problem(description: "There is no file \(shown)")
      }
      return try several(items.map { folders.expanding($0.path) }, typed, root: nil)
    }
  }

  /// The outcome of `read`.
  package static func reading(_ typed: String, _ folders: UserFolders) -> Result<FileAttachment, Problem> {
    do throws(Problem) { return .success(try read(typed, folders)) } catch { return .failure(error) }
  }

  private static func one(_ path: String, _ typed: String) throws(Problem) -> FileAttachment {
    let size = FileSystem.size(path).bytes
    guard let text = readText(path, limit: limit + 4) else {
      throw Problem(description: "\(VisibleText.singleLine(typed)) cannot be read")
    }
    guard isText(text) else {
      throw Problem(description: "\(VisibleText.singleLine(typed)) is not a text file")
    }
    guard size > limit else {
      return FileAttachment(label: "\(typed) · \(lines(text))", text: block(typed, text))
    }
    let kept = wholeLines(text)
    let missing = "\(byteSize(size - kept.utf8.count)) of \(byteSize(size)) left out"
    return FileAttachment(
      label: "\(typed) · \(lines(kept)), \(missing)", text: block(typed, kept + "\n[\(missing)]\n"),
      leftOut: "\(VisibleText.singleLine(typed)): \(missing) (the limit is \(byteSize(limit)))")
  }

  private static func several(
    _ paths: [String], _ typed: String, root: String?
  ) throws(Problem) -> FileAttachment {
    var (text, count, bytes) = ("", 0, 0)
    var omitted: [String] = []
    for path in paths.prefix(fileLimit) {
      let name =
        root.map { FileSystem.join(typed, String(path.dropFirst($0.count).drop { $0 == "/" })) } ?? path
      let size = FileSystem.size(path).bytes
      guard size <= limit, let content = readText(path, limit: limit + 1), isText(content) else {
        omitted.append("\(name) (\(size > limit ? byteSize(size) : "not text"))")
        continue
      }
      guard bytes + size <= limit else {
        omitted.append("\(name) (\(byteSize(size)))")
        continue
      }
      (count, bytes) = (count + 1, bytes + size)
      text += block(name, content)
    }
    if paths.count > fileLimit { omitted.append("\(paths.count - fileLimit) more files") }
    guard count > 0 else {
      throw Problem(description: "\(VisibleText.singleLine(typed)) has no text files that fit")
    }
    let rest = omitted.count > 5 ? " and \(omitted.count - 5) more" : ""
    let left = omitted.prefix(5).map(VisibleText.singleLine).joined(separator: ", ") + rest
    return FileAttachment(
      label: "\(typed) · \(count == 1 ? "1 file" : "\(count) files"), \(byteSize(bytes))", text: text,
      leftOut: omitted.isEmpty ? nil : "Left out: \(left). The limit is \(byteSize(limit)).")
  }

  // The files of a folder without hidden ones. Links to folders are not followed, so that a loop ends.
  private static func collect(_ folder: String, _ depth: Int, _ found: inout [String]) {
    guard depth < depthLimit, found.count < 10 * fileLimit else { return }
    for name in FileSystem.names(in: folder) {
      let path = FileSystem.join(folder, name)
      switch FileSystem.kind(path) {
      case .file: found.append(path)
      case .folder where FileSystem.canonical(path) == FileSystem.join(FileSystem.canonical(folder), name):
        collect(path, depth + 1, &found)
      default: break
      }
    }
  }

  /// A heading with the name, and the content between fences that are longer than all in it.
  private static func block(_ name: String, _ content: String) -> String {
    let lines = content.split(separator: "\n")
    let longest = lines.map { $0.drop { $0 == " " }.prefix { $0 == "`" }.count }.max() ?? 0
    let fence = String(repeating: "`", count: max(3, longest + 1))
    let ending = content.hasSuffix("\n") ? "" : "\n"
    return "\n\(VisibleText.singleLine(name)):\n\(fence)\(language(of: name))\n\(content)\(ending)\(fence)\n"
  }

  private static func language(of name: String) -> String {
    let last = FileSystem.lastComponent(name)
    guard let dot = last.lastIndex(of: "."), dot != last.startIndex else { return "" }
    let ending = last[last.index(after: dot)...]
    return ending.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } ? ending.lowercased() : ""
  }

  private static func isText(_ text: String) -> Bool {
    let start = text.unicodeScalars.prefix(8192)
    return !start.contains("\0") && start.count { $0 == "\u{FFFD}" } * 50 <= start.count
  }

  private static func wholeLines(_ text: String) -> String {
    let bytes = text.utf8.prefix(limit)
    let end = bytes.lastIndex(of: 10).map { bytes.index(after: $0) } ?? bytes.endIndex
    return String(decoding: bytes[..<end], as: UTF8.self)
  }

  private static func lines(_ text: String) -> String {
    let count = text.utf8.count { $0 == 10 } + (text.isEmpty || text.hasSuffix("\n") ? 0 : 1)
    return count == 1 ? "1 line" : "\(grouped(count)) lines"
  }
}
