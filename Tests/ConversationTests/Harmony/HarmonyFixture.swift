import Basics
import Conversation
import Foundation

/// The results of openai-harmony for conversations and outputs (Tests/Scripts/make_harmony_cases.py).
enum HarmonyFixture {
  static func load() throws -> JSON {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try JSON(parsing: [UInt8](Data(contentsOf: folder.appending(path: "Fixtures/harmony_cases.json"))))
  }

  static func options(_ entry: JSON) -> [String: JSON] {
    var options: [String: JSON] = [:]
    for (name, value) in entry["options"]?.asObject ?? JSONObject() { options[name] = value }
    return options
  }

  static func conversation(_ entry: JSON) throws -> HarmonyConversation {
    try HarmonyConversation(
      messages: entry["messages"] ?? .null, tools: entry["tools"],
      system: HarmonySystem(options: options(entry), today: "2000-01-01"))
  }

  /// Special tokens are numbers in the file, texts strings.
  static func segments(_ list: JSON?) -> [HarmonySegment] {
    (list?.asArray ?? []).map { entry in
      if let token = entry.asInteger { return .marker(HarmonyMarker(token: Int32(token)) ?? .reserved) }
      return .text(entry.asString ?? "")
    }
  }

  /// Merges adjacent texts.
  static func merged(_ segments: [HarmonySegment]) -> [HarmonySegment] {
    segments.reduce(into: []) { result, segment in
      if case .text(let text) = segment, case .text(let before)? = result.last {
        result[result.count - 1] = .text(before + text)
      } else {
        result.append(segment)
      }
    }
  }
}
