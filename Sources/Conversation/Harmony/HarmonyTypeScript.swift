import Basics

/// Functions as TypeScript declarations, in the format the model was trained on: identical to the output of
/// `openai-harmony`. Schemas deeper than 64 levels end in `any`.
enum HarmonyTypeScript {
  private static let deepest = 64

  /// The declarations of a namespace.
  static func namespace(_ name: String, _ tools: [HarmonyTool]) -> String {
    var parts = ["## \(name)\n", "namespace \(name) {\n"]
    for tool in tools {
      parts += lines(of: tool.description).map { "// \($0)" }
      let parameters = tool.parameters.map { "_: " + type(of: $0, indent: "") } ?? ""
      parts.append("type \(tool.name) = (\(parameters)) => any;\n")
    }
    parts.append("} // namespace \(name)")
    return parts.joined(separator: "\n")
  }

  /// The lines of a text, without an empty one after the last.
  private static func lines(of text: String) -> [String] {
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(line.last == "\r" ? line.dropLast() : line)
    }
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  /// The type of a schema; `indent` precedes the lines of its properties.
  static func type(of schema: JSON, indent: String, depth: Int = 0) -> String {
    guard depth < deepest else { return "any" }
    if let variants = schema["oneOf"]?.asArray { return union(of: variants, indent: indent, depth: depth) }
    if let types = schema["type"]?.asArray {
      let names = types.compactMap(\.asString).map { $0 == "integer" ? "number" : $0 }
      if !names.isEmpty { return names.joined(separator: " | ") }
    }
    switch schema["type"]?.asString {
    case "object": return object(schema, indent: indent, depth: depth)
    case "string":
      let values = schema["enum"]?.asArray?.compactMap(\.asString) ?? []
      return values.isEmpty ? "string" : values.map { "\"\($0)\"" }.joined(separator: " | ")
    case "number", "integer": return "number"
    case "boolean": return "boolean"
    case "array":
      return schema["items"].map { type(of: $0, indent: indent, depth: depth + 1) + "[]" } ?? "Array<any>"
    default: return "any"
    }
  }

  private static func union(of variants: [JSON], indent: String, depth: Int) -> String {
    var text = ""
    for variant in variants {
      text += "\n\(indent) | " + nullableType(of: variant, indent: indent + "   ", depth: depth)
      var comments: [String] = []
      if let description = variant["description"]?.asString { comments.append(description) }
      if let value = variant["default"] {
        let isPlain = value.asString != nil && !hasChoices(variant)
        comments.append("default: " + (isPlain ? "\"\(value.asString ?? "")\"" : json(value)))
      }
      if !comments.isEmpty { text += " // " + comments.joined(separator: " ") }
    }
    return text
  }

  private static func nullableType(of schema: JSON, indent: String, depth: Int) -> String {
    let type = type(of: schema, indent: indent, depth: depth + 1)
    return schema["nullable"]?.asBool == true && !type.contains("null") ? type + " | null" : type
  }

  private static func hasChoices(_ schema: JSON) -> Bool { schema["enum"]?.asArray?.isEmpty == false }

  // MARK: objects

  private static func object(_ schema: JSON, indent: String, depth: Int) -> String {
    var text = ""
    if let description = schema["description"]?.asString { text += "\(indent)// \(description)\n" }
    text += "{\n"
    let required = schema["required"]?.asArray?.compactMap(\.asString) ?? []
    for (key, property) in schema["properties"]?.asObject ?? JSONObject() {
      let name = indent + key + (required.contains { $0.utf8.elementsEqual(key.utf8) } ? "" : "?") + ":"
      text += comments(on: property, indent: indent)
      if let variants = property["oneOf"]?.asArray {
        text += choices(variants, of: property, named: name, indent: indent, depth: depth)
      } else {
        text += "\(name) " + nullableType(of: property, indent: indent + "    ", depth: depth) + ","
        if property["oneOf"] == nil, let value = property["default"] {
          text += " // default: " + defaultText(value, of: property)
        }
        text += "\n"
      }
    }
    return text + "\(indent)}"
  }

  /// Title, description and examples above a property.
  private static func comments(on property: JSON, indent: String) -> String {
    var text = ""
    if let title = property["title"]?.asString { text += "\(indent)// \(title)\n\(indent)//\n" }
    if property["oneOf"] == nil, let description = property["description"]?.asString {
      text += "\(indent)// \(description)\n"
    }
    if let examples = property["examples"]?.asArray, !examples.isEmpty {
      text += "\(indent)// Examples:\n"
      for example in examples.compactMap(\.asString) { text += "\(indent)// - \"\(example)\"\n" }
    }
    return text
  }

  /// A property with alternative types, one line each.
  private static func choices(
    _ variants: [JSON], of property: JSON, named name: String, indent: String, depth: Int
  ) -> String {
    let description = property["description"]?.asString
    // A description that the first variant repeats is written only there.
    let isAbove = description != nil && description != variants.first?["description"]?.asString
    var text = ""
    if let description, isAbove { text += "\(indent)// \(description)\n" }
    if let value = property["default"] {
      text += "\(indent)// default: \(defaultText(value, of: property))\n"
    }
    text += "\(name)\n"
    for (index, variant) in variants.enumerated() {
      text += "\(indent) | " + nullableType(of: variant, indent: indent + "   ", depth: depth)
      var comments: [String] = []
      if !(index == 0 && isAbove), let own = variant["description"]?.asString, own != description {
        comments.append(own)
      }
      if let value = variant["default"] { comments.append("default: " + defaultText(value, of: variant)) }
      if !comments.isEmpty { text += " // " + comments.joined(separator: " ") }
      text += "\n"
    }
    return text + "\(indent),\n"
  }

  /// A default value: text in quotes, an enumeration value without, and anything else as JSON.
  private static func defaultText(_ value: JSON, of schema: JSON) -> String {
    guard let text = value.asString else { return json(value) }
    return hasChoices(schema) ? text : "\"\(text)\""
  }

  /// JSON without blanks; floats with the exponents that Rust's serde_json writes ("1e20", "1e-7").
  private static func json(_ value: JSON) -> String {
    guard case .number = value else { return value.text() }
    let text = value.text()
    guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else {
      return text
    }
    return text[...mark] + String(exponent)
  }
}
