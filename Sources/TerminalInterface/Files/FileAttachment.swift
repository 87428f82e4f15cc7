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
  /// The maximum number of files that are counted.
  private static let searchLimit = 2000

  /// A path that gives no attachment, with the reason.
  package struct Problem: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Reads a file, all text files of a folder, or the files that match a pattern.
  /// - Throws: `Problem`.
  package static func read(_ typed: String, _ folders: UserFolders) throws(Problem) -> FileAttachment {
    let path = folders.expanding(typed)
    let shown = VisibleText.singleLine(typed)
    switch FileSystem.kind(path) {
    case .file: return try one(path, typed)
    case .folder:
      let tree = FileTree(path, limit: searchLimit)
      let lead = typed.hasSuffix("/") ? typed : typed + "/"
      let skipped = tree.skipped.map { lead + $0 }
      return try several(tree.files.map { lead + $0 }, typed, skipped, isCut: tree.isCut, folders)
    case .nothing:
      let listing = FileListing.of(typed, folders, limit: searchLimit)
      let files = listing.items.filter { !$0.isFolder }
      guard FilePattern.isPattern(FileListing.split(typed).name), !files.isEmpty else {
        throw Problem(description: "There is no file \(shown)")
      }
      return try several(files.map(\.path), typed, listing.skipped, isCut: listing.isCut, folders)
    case .other: throw Problem(description: "\(shown) is not a regular file")
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

  /// - Parameters:
  ///   - names: the paths as typed.
  ///   - skipped: folders that were not searched.
  ///   - isCut: whether there are more files.
  private static func several(
    _ names: [String], _ typed: String, _ skipped: [String], isCut: Bool, _ folders: UserFolders
  ) throws(Problem) -> FileAttachment {
    var (text, count, bytes) = ("", 0, 0)
    var omitted: [String] = []
    for name in names.prefix(fileLimit) {
      let path = folders.expanding(name)
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
    // First, so that it is always named.
    if names.count > fileLimit {
      omitted.insert("\(isCut ? "at least " : "")\(grouped(names.count - fileLimit)) more files", at: 0)
    }
    omitted += skipped.map { "\($0) (too deep)" }
    guard count > 0 else {
      throw Problem(description: "\(VisibleText.singleLine(typed)) has no text files that fit")
    }
    let rest = omitted.count > 5 ? " and \(omitted.count - 5) more" : ""
    let left = omitted.prefix(5).map(VisibleText.singleLine).joined(separator: ", ") + rest
    return FileAttachment(
      label: "\(typed) · \(count == 1 ? "1 file" : "\(count) files"), \(byteSize(bytes))", text: text,
      leftOut: omitted.isEmpty
        ? nil : "Left out: \(left). The limit is \(byteSize(limit)) and \(fileLimit) files.")
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
