extension Jinja {
  static let stringMethods: Set<String> = [
    "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format",
    "index",
    "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle",
    "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
    "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
    "strip",
    "swapcase", "title", "upper", "zfill",
  ]
}

// Methods of strings.
extension Jinja.Interpreter {
  func call(_ name: String, on text: Text, _ arguments: CallArguments) throws(TemplateError) -> Value {
    try step(bytes: text.bytes.count)
    switch name {
    case "upper": return .string(try string(text.uppercased.bytes))
    case "lower", "casefold": return .string(try string(text.lowercased.bytes))
    case "title": return .string(try string(text.titlecased.bytes))
    case "capitalize": return .string(try string(text.capitalized.bytes))
    case "swapcase": return .string(try string(text.swapcased.bytes))
    case "strip", "lstrip", "rstrip":
      let characters = try optionalText(try bind(arguments, ["chars"], of: name)[0], of: name)
      return .string(try stripped(text, characters, leading: name != "rstrip", trailing: name != "lstrip"))
    case "split", "rsplit": return try split(text, arguments, fromRight: name == "rsplit")
    case "splitlines":
      return try texts(text.lines(keepEnds: isTrue(try bind(arguments, ["keepends"], of: name)[0])))
    case "join":
      var parts: [Text] = []
      for item in try elements(of: try bind(arguments, ["iterable"], of: name, needs: 1)[0] ?? .none) {
        parts.append(try textArgument(item, of: name))
      }
      return .string(try joined(parts, separator: text))
    case "replace":
      let values = try bind(arguments, ["old", "new", "count"], of: name, needs: 2)
      let (old, new): (Text, Text) = (
        try textArgument(values[0], of: name), try textArgument(values[1], of: name)
      )
      return .string(
        try replacing(text, old, with: new, limit: try integer(values[2], or: -1, of: name)))
    case "format": return .string(try braceFormat(text, arguments))
    case "removeprefix", "removesuffix":
      let part: Text = try textArgument(try bind(arguments, ["part"], of: name, needs: 1)[0], of: name)
      if name == "removeprefix" {
        return .string(
          text.hasPrefix(part) ? try string(Array(text.bytes.dropFirst(part.bytes.count))) : text)
      }
      let fits = text.hasSuffix(part)
      return .string(fits ? try string(Array(text.bytes.dropLast(part.bytes.count))) : text)
    case "encode": throw failure(.unsupported, "'encode' returns bytes, which are not supported")
    case "startswith", "endswith", "find", "rfind", "index", "rindex", "count":
      return try search(name, text, arguments)
    case "partition", "rpartition": return try partition(text, arguments, fromRight: name == "rpartition")
    case "center", "ljust", "rjust", "zfill", "expandtabs": return try pad(name, text, arguments)
    default: return .bool(text.satisfies(name))
    }
  }

  func stripped(
    _ text: Text, _ characters: Text?, leading: Bool = true, trailing: Bool = true
  ) throws(TemplateError) -> Text {
    guard let characters else { return try string(text.trimmed(leading: leading, trailing: trailing).bytes) }
    let set = Set(characters.scalars)
    return try string(text.stripped(leading: leading, trailing: trailing) { set.contains($0) }.bytes)
  }

  private func split(
    _ text: Text, _ arguments: CallArguments, fromRight: Bool
  ) throws(TemplateError) -> Value {
    let name = fromRight ? "rsplit" : "split"
    let values = try bind(arguments, ["sep", "maxsplit"], of: name)
    let count = try integer(values[1], or: -1, of: name)
    let limit = count < 0 ? Int.max : count
    guard let separator = try optionalText(values[0], of: name) else {
      return try texts(fromRight ? text.splitAtSpaceFromRight(limit: limit) : text.splitAtSpace(limit: limit))
    }
    guard !separator.isEmpty else { throw failure(.value, "'\(name)' needs a separator that is not empty") }
    return try texts(text.split(at: separator, limit: limit, fromRight: fromRight))
  }

  private func partition(
    _ text: Text, _ arguments: CallArguments, fromRight: Bool
  ) throws(TemplateError) -> Value {
    let separator: Text = try textArgument(
      try bind(arguments, ["sep"], of: "partition", needs: 1)[0], of: "partition")
    guard !separator.isEmpty else { throw failure(.value, "'partition' needs a separator that is not empty") }
    let cut = fromRight ? text.lastByteOffset(of: separator) : text.firstByteOffset(of: separator)
    let empty = Text("" as StaticString)
    guard let cut else {
      return .tuple(try list((fromRight ? [empty, empty, text] : [text, empty, empty]).map(Value.string)))
    }
    let parts = [
      Text(Array(text.bytes[..<cut])), separator, Text(Array(text.bytes[(cut + separator.bytes.count)...])),
    ]
    var items: [Value] = []
    for part in parts { items.append(.string(try string(part.bytes))) }
    return .tuple(try list(items))
  }

  /// `startswith`, `endswith`, `find`, `index` and `count`, with Python's optional bounds.
  private func search(_ name: String, _ text: Text, _ arguments: CallArguments) throws(TemplateError) -> Value
  {
    let values = try bind(arguments, ["sub", "start", "end"], of: name, needs: 1)
    let bounds = (try optionalInteger(values[1], of: name), try optionalInteger(values[2], of: name))
    var slice = text
    var offset = 0
    if bounds.0 != nil || bounds.1 != nil {
      let picked = Self.selectSlice(Array(text.scalars.enumerated()), (bounds.0, bounds.1, nil))
      offset = picked.first?.offset ?? max(0, bounds.0 ?? 0)
      slice = Text(picked.map(\.element))
    }
    if name == "startswith" || name == "endswith" {
      var candidates = [values[0] ?? .none]
      if case .tuple(let list)? = values[0] { candidates = list.items }
      for candidate in candidates {
        let part: Text = try textArgument(candidate, of: name)
        if name == "startswith" ? slice.hasPrefix(part) : slice.hasSuffix(part) { return .bool(true) }
      }
      return .bool(false)
    }
    let part: Text = try textArgument(values[0], of: name)
    if name == "count" {
      return .integer(part.isEmpty ? slice.count + 1 : slice.occurrences(of: part).count)
    }
    let fromRight = name.hasPrefix("r")
    guard let found = fromRight ? slice.lastByteOffset(of: part) : slice.firstByteOffset(of: part) else {
      if name.hasSuffix("index") { throw failure(.value, "'\(name)': substring not found") }
      return .integer(-1)
    }
    return .integer(offset + Text(Array(slice.bytes[..<found])).count)
  }

  private func pad(_ name: String, _ text: Text, _ arguments: CallArguments) throws(TemplateError) -> Value {
    let values = try bind(arguments, ["width", "fillchar"], of: name)
    let width = try integer(values[0], or: name == "expandtabs" ? 8 : nil, of: name)
    let fill = try optionalText(values[1], of: name)
    switch name {
    case "ljust": return .string(try padded(text, to: width, with: fill) { _ in 0 })
    case "rjust": return .string(try padded(text, to: width, with: fill) { $0 })
    case "center":
      // Python puts the extra character in front if the width is odd.
      return .string(try padded(text, to: width, with: fill) { $0 / 2 + ($0 & width & 1) })
    case "zfill":
      let hasSign = text.bytes.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } ?? false
      let sign = Text(hasSign ? [text.bytes[0]] : [])
      let digits = Text(Array(text.bytes.dropFirst(sign.bytes.count)))
      let zeros = try padded(digits, to: width - sign.bytes.count, with: Text("0" as StaticString)) { $0 }
      return .string(try string(sign.bytes + zeros.bytes))
    default: return .string(try expandingTabs(text, width))
    }
  }

  private func expandingTabs(_ text: Text, _ width: Int) throws(TemplateError) -> Text {
    guard width < 1 << 16 else { throw tooLong() }
    var bytes: [UInt8] = []
    var column = 0
    for byte in text.bytes {
      if byte == UInt8(ascii: "\t") {
        let blanks = width > 0 ? width - column % width : 0
        try reserve(bytes.count + blanks)
        bytes += Array(repeating: UInt8(ascii: " "), count: blanks)
        column += blanks
      } else {
        bytes.append(byte)
        if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
          column = 0
        } else if !UTF8.isContinuation(byte) {
          column += 1
        }
      }
    }
    return try string(bytes)
  }
}

extension Jinja.Text {
  /// Python's predicates on strings, by method name.
  func satisfies(_ predicate: String) -> Bool {
    let scalars = scalars
    guard !scalars.isEmpty else { return predicate == "isascii" }
    switch predicate {
    case "isascii": return isASCII
    case "isspace": return scalars.allSatisfy { $0.isPythonSpace }
    case "isalpha": return scalars.allSatisfy { $0.isLetter }
    case "isdecimal": return scalars.allSatisfy { $0.properties.generalCategory == .decimalNumber }
    case "isdigit": return scalars.allSatisfy { $0.isDigit }
    case "isnumeric": return scalars.allSatisfy { $0.properties.numericType != nil }
    case "isalnum": return scalars.allSatisfy { $0.isLetter || $0.properties.numericType != nil }
    case "islower":
      return scalars.contains { $0.properties.isLowercase }
        && !scalars.contains {
          $0.properties.isUppercase || $0.properties.generalCategory == .titlecaseLetter
        }
    case "isupper":
      return scalars.contains { $0.properties.isUppercase }
        && !scalars.contains {
          $0.properties.isLowercase || $0.properties.generalCategory == .titlecaseLetter
        }
    default: return isTitle(scalars)
    }
  }

  private func isTitle(_ scalars: [Unicode.Scalar]) -> Bool {
    var inWord = false
    var found = false
    for scalar in scalars {
      let properties = scalar.properties
      let isCapital = properties.isUppercase || properties.generalCategory == .titlecaseLetter
      if isCapital == inWord, isCapital || properties.isLowercase { return false }
      inWord = isCapital || properties.isLowercase
      found = found || inWord
    }
    return found
  }
}

extension Unicode.Scalar {
  fileprivate var isLetter: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  fileprivate var isDigit: Bool {
    switch properties.numericType {
    case .decimal?, .digit?: true
    default: false
    }
  }
}
