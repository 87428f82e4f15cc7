import Basics

/// Reads a conversation of a ChatGPT export: a tree of nodes by name (`mapping`), of which `current_node` is the last
/// message shown.
enum ChatGPTImport {
  private struct Reader {
    let mapping: JSONObject
    var parts: [MessageTree.Part] = []
    /// The part of each node that became one.
    var places: [String: Int] = [:]
    var systemPrompt: String?
  }

  /// Nil for a conversation without messages.
  static func read(_ object: JSON) -> ConversationImport.Imported? {
    guard let mapping = object["mapping"]?.asObject else { return nil }
    var reader = Reader(mapping: mapping)
    let roots = mapping.filter { $0.value["parent"]?.asString.map { mapping[$0] == nil } ?? true }
    for root in roots { add(root.key, &reader) }
    guard !reader.parts.isEmpty else { return nil }
    let head = head(object["current_node"]?.asString, reader)
    var parts = reader.parts
    var next = head
    while let place = next {
      next = parts[place].parent
      if let next { parts[next].chosen = place }
    }
    guard let tree = try? MessageTree(parts: parts, head: head, systemPrompt: reader.systemPrompt) else {
      return nil
    }
    return ConversationImport.Imported(title: object["title"]?.asString, model: tree.lastModel, tree: tree)
  }

  /// Adds a node and those below it, each with the part that it follows and the reasoning that precedes it.
  private static func add(_ root: String, _ reader: inout Reader) {
    var waiting: [(id: String, parent: Int?, reasoning: String)] = [(root, nil, "")]
    var seen: Set<String> = []
    while let (id, parent, reasoning) = waiting.popLast() {
      // A damaged file may contain a circle.
      guard seen.insert(id).inserted, let node = reader.mapping[id] else { continue }
      var (next, thoughts) = (parent, reasoning)
      if let message = node["message"], !message.isNull {
        let content = message["content"]
        let role = message["author"]?["role"]?.asString.flatMap(Role.init)
        let text = text(of: content)
        switch (role, content?["content_type"]?.asString) {
        case (.assistant?, "thoughts"): thoughts += (thoughts.isEmpty ? "" : "\n\n") + text
        case (.system?, _): if parent == nil, !text.isEmpty { reader.systemPrompt = text }
        case (.user?, _), (.assistant?, _):
          if text.isEmpty || message["metadata"]?["is_visually_hidden_from_conversation"] == .bool(true) {
            break
          }
          next = reader.parts.count
          let model = message["metadata"]?["model_slug"]?.asString
          let role = role ?? .user
          reader.parts.append(
            MessageTree.Part(
              message: ConversationImport.message(
                role, text, reasoning: role == .assistant ? thoughts : "", model: model),
              parent: parent))
          reader.places[id] = next
          thoughts = ""
        default: break
        }
      }
      let children = node["children"]?.asArray?.compactMap(\.asString) ?? []
      for child in children.reversed() { waiting.append((child, next, thoughts)) }
    }
  }

  private static func text(of content: JSON?) -> String {
    guard let content else { return "" }
    if let parts = content["parts"] { return ConversationImport.text(of: parts) }
    if let thoughts = content["thoughts"]?.asArray {
      return thoughts.compactMap { $0["content"]?.asString }.joined(separator: "\n\n")
    }
    return content["text"]?.asString ?? ""
  }

  /// The part of a node, or of the last one above it that became a part.
  private static func head(_ id: String?, _ reader: Reader) -> Int? {
    var id = id
    var seen: Set<String> = []
    while let current = id, seen.insert(current).inserted {
      if let place = reader.places[current] { return place }
      id = reader.mapping[current]?["parent"]?.asString
    }
    return reader.parts.indices.last
  }
}
