extension MessageTree {
  /// The path as a JSON object with `model` and `messages` (`role`, `content`, and `reasoning` where there is some),
  /// the format of chat templates and other programs, and with `title` if there is one. The order of the keys is fixed.
  public func json(model: String?, title: String? = nil) -> String {
    var items: [String] = []
    for message in messages {
      var fields = ["\"role\": \(jsonString(message.role.rawValue))"]
      fields.append("\"content\": \(jsonString(message.content))")
      if !message.reasoning.isEmpty { fields.append("\"reasoning\": \(jsonString(message.reasoning))") }
      if let model = message.model { fields.append("\"model\": \(jsonString(model))") }
      items.append("    {" + fields.joined(separator: ", ") + "}")
    }
    let name = model.map(jsonString) ?? "null"
    let start = title.map { "{\n  \"title\": \(jsonString($0)),\n" } ?? "{\n"
    return start + "  \"model\": \(name),\n  \"messages\": [\n" + items.joined(separator: ",\n")
      + "\n  ]\n}\n"
  }
}

/// A string as JSON (RFC 8259), control characters escaped.
package func jsonString(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case "\r": out += "\\r"
    case "\t": out += "\\t"
    case "\u{0}"..<"\u{20}", "\u{7F}", "\u{2028}", "\u{2029}":
      let digits = String(scalar.value, radix: 16)
      out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}
