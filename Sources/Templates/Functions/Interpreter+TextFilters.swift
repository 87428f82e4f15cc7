// Filters that return texts.
extension Jinja.Interpreter {
  /// Returns nil if this is not one of these filters.
  func textFilter(_ name: String, _ value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value?
  {
    switch name {
    case "string": return .string(try text(value))
    case "safe": return .string(try text(value).asMarkup)
    case "escape", "e": return .string(try escaped(try text(value)).asMarkup)
    case "forceescape": return .string(try escaped(Text(try text(value).bytes)).asMarkup)
    case "upper", "lower", "capitalize":
      let subject = try text(value)
      return try call(Jinja.Method(.string(subject), name), CallArguments())
    case "title": return .string(try title(try text(value)))
    case "trim":
      let characters = try optionalText(try bind(arguments, ["chars"], of: name)[0], of: name)
      return .string(try stripped(try text(value), characters))
    case "replace":
      let values = try bind(arguments, ["old", "new", "count"], of: name, needs: 2)
      let limit = try optionalInteger(values[2], of: name) ?? -1
      return .string(
        try replacing(
          try text(value), try text(values[0] ?? .none), with: try text(values[1] ?? .none), limit: limit))
    case "format":
      guard arguments.keywords.isEmpty else {
        let mapping = try mapping(count: arguments.keywords.count)
        for (key, item) in arguments.keywords {
          try set(.text(Text(key)), .string(Text(key)), to: item, in: mapping)
        }
        return .string(try format(try text(value), .mapping(mapping)))
      }
      return .string(try format(try text(value), .tuple(try list(arguments.positional))))
    case "indent": return .string(try indented(try textArgument(value, of: name), arguments))
    case "truncate": return .string(try truncated(try textArgument(value, of: name), arguments))
    case "center":
      let width = try integer(try bind(arguments, ["width"], of: name)[0], or: 80, of: name)
      return .string(try padded(try text(value), to: width) { $0 / 2 + ($0 & width & 1) })
    case "wordcount": return .integer(Self.wordCount(try text(value)))
    case "urlencode": return .string(try urlEncoded(value))
    case "striptags": return .string(try withoutTags(try text(value)))
    default: return nil
    }
  }

  /// Escapes HTML, unless the text is markup.
  func escaped(_ text: Text) throws(TemplateError) -> Text {
    if text.isMarkup { return text }
    var bytes: [UInt8] = []
    for byte in text.bytes {
      switch byte {
      case UInt8(ascii: "&"): bytes += Array("&amp;".utf8)
      case UInt8(ascii: "<"): bytes += Array("&lt;".utf8)
      case UInt8(ascii: ">"): bytes += Array("&gt;".utf8)
      case UInt8(ascii: "'"): bytes += Array("&#39;".utf8)
      case UInt8(ascii: "\""): bytes += Array("&#34;".utf8)
      default: bytes.append(byte)
      }
    }
    return try string(bytes)
  }

  /// Capitalises every word; words end at white space, hyphens and opening brackets.
  private func title(_ text: Text) throws(TemplateError) -> Text {
    var result = ""
    var startsWord = true
    for scalar in text.lowercased.string.unicodeScalars {
      let separates = scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar)
      result += startsWord && !separates ? scalar.properties.uppercaseMapping : String(scalar)
      startsWord = separates
    }
    return try string(Array(result.utf8))
  }

  private func indented(_ text: Text, _ arguments: CallArguments) throws(TemplateError) -> Text {
    let values = try bind(arguments, ["width", "first", "blank"], of: "indent")
    let indent: Text
    if case .string(let width)? = values[0] {
      indent = width
    } else {
      let width = try integer(values[0], or: 4, of: "indent")
      indent = try padded(Text("" as StaticString), to: width) { $0 }
    }
    let isBlankToo = isTrue(values[2])
    var lines = Text(text.bytes + [UInt8(ascii: "\n")]).lines()
    try reserve(text.bytes.count + lines.count * indent.bytes.count)
    for index in lines.indices where index > 0 && (isBlankToo || !lines[index].isEmpty) {
      lines[index] = Text(indent.bytes + lines[index].bytes)
    }
    if isTrue(values[1]), let first = lines.first { lines[0] = Text(indent.bytes + first.bytes) }
    return try joined(lines, separator: Text("\n" as StaticString))
  }

  private func truncated(_ text: Text, _ arguments: CallArguments) throws(TemplateError) -> Text {
    let values = try bind(arguments, ["length", "killwords", "end", "leeway"], of: "truncate")
    let length = try integer(values[0], or: 255, of: "truncate")
    let end = try optionalText(values[2], of: "truncate") ?? Text("..." as StaticString)
    let leeway = try optionalInteger(values[3], of: "truncate") ?? 5
    let room = length - end.count
    guard room >= 0, leeway >= 0 else {
      throw failure(
        .value, "'truncate' needs a length of at least that of the end, and a leeway of 0 or more")
    }
    let scalars = text.scalars
    guard scalars.count - leeway > length else { return text }
    var kept = Text(scalars.prefix(room))
    if !isTrue(values[1]), let cut = kept.lastByteOffset(of: Text(" " as StaticString)) {
      kept = Text(Array(kept.bytes[..<cut]))
    }
    return try string(kept.bytes + end.bytes)
  }

  private static func wordCount(_ text: Text) -> Int {
    var count = 0
    var inWord = false
    for scalar in text.string.unicodeScalars {
      let properties = scalar.properties
      let isWord = scalar == "_" || properties.isAlphabetic || properties.numericType != nil
      if isWord, !inWord { count += 1 }
      inWord = isWord
    }
    return count
  }

  private func urlEncoded(_ value: Value) throws(TemplateError) -> Text {
    var pairs: [Value]?
    switch value {
    case .string: break
    case .mapping(let mapping): pairs = try elements(of: .view(Jinja.View(kind: .items, mapping: mapping)))
    default: pairs = count(value) == nil ? nil : try elements(of: value)
    }
    if let pairs {
      var parts: [Text] = []
      for pair in pairs {
        let items = try elements(of: pair)
        guard items.count == 2 else { throw failure(.value, "'urlencode' needs pairs") }
        let pair = [try text(items[0]), try text(items[1])].map {
          percentEncoded($0, keeps: [], blank: UInt8(ascii: "+"))
        }
        parts.append(try joined(pair, separator: Text("=" as StaticString)))
      }
      return try joined(parts, separator: Text("&" as StaticString))
    }
    return try string(percentEncoded(try text(value), keeps: [UInt8(ascii: "/")], blank: nil).bytes)
  }

  private func percentEncoded(_ text: Text, keeps: [UInt8], blank: UInt8?) -> Text {
    var bytes: [UInt8] = []
    for byte in text.bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      case UInt8(ascii: " ") where blank != nil: bytes.append(blank ?? byte)
      case _ where keeps.contains(byte): bytes.append(byte)
      default: bytes += Array(("%" + Jinja.ReprWriter.hexadecimal(UInt32(byte), 2).uppercased()).utf8)
      }
    }
    return Text(bytes)
  }

  private func withoutTags(_ text: Text) throws(TemplateError) -> Text {
    var bytes: [UInt8] = []
    var inTag = false
    for byte in text.bytes {
      if byte == UInt8(ascii: "<") { inTag = true }
      if !inTag { bytes.append(byte) }
      if byte == UInt8(ascii: ">") { inTag = false }
    }
    return try joined(Text(bytes).splitAtSpace(), separator: Text(" " as StaticString))
  }
}
