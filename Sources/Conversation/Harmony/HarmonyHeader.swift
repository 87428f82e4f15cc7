/// The header of a message.
struct HarmonyHeader: Sendable, Equatable {
  /// The author as written; nil when the header has none.
  var role: String?
  var recipient: String?
  var channel: String?
  /// Without `<|constrain|>`.
  var contentType: String?
  /// Text that belongs to no field; it becomes content if the marker of the message is missing.
  var rest = ""

  static let channels = ["analysis", "commentary", "final"]
  private static let roles = ["system", "developer", "user", "assistant", "tool"]

  /// Parses a header, tolerating errors.
  ///
  /// - Parameters:
  ///   - text: the text of the header, with its markers as text.
  ///   - roleIsKnown: whether the role was given before, as by a prompt that ends with `<|start|>assistant`.
  ///   - isComplete: whether a marker ended it; otherwise the text after the channel name is content.
  init(_ text: String, roleIsKnown: Bool, isComplete: Bool) {
    var words: [Substring] = []
    var afterChannel = text[...]
    if let mark = text.range(ofText: HarmonyMarker.channel.rawValue) {
      words = text[..<mark.lowerBound].splitAtBlanks()
      afterChannel = text[mark.upperBound...]
      let name = Self.channelName(in: afterChannel)
      channel = name.isEmpty ? nil : String(name)
      afterChannel = afterChannel[name.endIndex...]
    }
    guard isComplete else {
      parseRole(&words, roleIsKnown)
      if let recipient = words.last(where: { $0.hasPrefix("to=") }) {
        self.recipient = String(recipient.dropFirst(3))
      }
      if channel == nil, recipient == nil { words = [] }
      rest = String(afterChannel.drop { $0 == " " })
      return
    }
    words += afterChannel.spacing(HarmonyMarker.constrain.rawValue).splitAtBlanks()
    parseRole(&words, roleIsKnown)
    parseFields(words)
  }

  /// The channel name at the start of a text: up to a blank or a marker, or a known name without a separator.
  private static func channelName(in text: Substring) -> Substring {
    let name = text.prefix { !$0.isWhitespace && $0 != "<" }
    return channels.first { name.hasPrefix($0) }.map { name.prefix($0.count) } ?? name
  }

  private mutating func parseRole(_ words: inout [Substring], _ roleIsKnown: Bool) {
    guard let first = words.first else { return }
    if Self.roles.contains(String(first)) {
      role = String(words.removeFirst())
    } else if !roleIsKnown, !first.hasPrefix("to="), words.count > 1 {
      role = String(words.removeFirst())
    }
  }

  private mutating func parseFields(_ words: [Substring]) {
    let marker = HarmonyMarker.constrain.rawValue
    var others: [Substring] = []
    for word in words {
      if word.hasPrefix("to=") {
        recipient = String(word.dropFirst(3))
      } else if word.hasPrefix(marker) {
        contentType = String(word.dropFirst(marker.count))
      } else {
        others.append(word)
      }
    }
    // The remaining word is a type after a recipient; alone it is a recipient, unless it is a known type.
    guard let word = others.last.map(String.init) else { return }
    if recipient == nil, contentType != nil || !["json", "code", "text"].contains(word) {
      recipient = word
    } else if contentType == nil {
      contentType = word
    }
    if contentType == "" { contentType = nil }
  }
}

extension StringProtocol {
  /// The first range with these bytes.
  fileprivate func range(ofText text: String) -> Swift.Range<Index>? {
    guard !text.isEmpty else { return nil }
    var position = startIndex
    while position < endIndex {
      if self[position...].utf8.starts(with: text.utf8) {
        return position..<self.utf8.index(position, offsetBy: text.utf8.count)
      }
      position = self.unicodeScalars.index(after: position)
    }
    return nil
  }

  fileprivate func splitAtBlanks() -> [Substring] {
    Substring(self).split(whereSeparator: \.isWhitespace)
  }

  /// A copy with a blank before every occurrence of `text`.
  fileprivate func spacing(_ text: String) -> Substring {
    var result = ""
    var rest = Substring(self)
    while let mark = rest.range(ofText: text) {
      result += rest[..<mark.lowerBound] + " " + text
      rest = rest[mark.upperBound...]
    }
    return Substring(result + rest)
  }
}
