import Conversation
import Foundation
import Testing

@Suite struct ExportTests {
  private var tree: MessageTree {
    var tree = MessageTree(systemPrompt: "Be \"brief\".")
    tree.append(Message(role: .user, content: "Line\nbreak \\ \u{1B}[31m \u{0} 漢字 👨‍👩‍👧"))
    tree.append(Message(role: .assistant, content: "Answer", reasoning: "hm\nyes", model: "SmolLM2"))
    return tree
  }

  /// Foundation's parser returns the original texts.
  @Test func jsonIsReadBack() throws {
    let object = try JSONSerialization.jsonObject(with: Data(tree.json(model: "a\"b").utf8))
    let fields = try #require(object as? [String: Any])
    #expect(fields["model"] as? String == "a\"b")
    let messages = try #require(fields["messages"] as? [[String: String]])
    #expect(messages.map { $0["role"] } == ["system", "user", "assistant"])
    #expect(messages.map { $0["content"] } == tree.messages.map(\.content))
    #expect(messages[2]["reasoning"] == "hm\nyes")
    #expect(messages[2]["model"] == "SmolLM2")
    let empty = try JSONSerialization.jsonObject(with: Data(MessageTree().json(model: nil).utf8))
    #expect((empty as? [String: Any])?["messages"] as? [String] == [])
  }

  @Test func everyCharacterIsPreservedInJSON() throws {
    for value in Array(0..<0x300) + [0x2028, 0x2029, 0xFFFD, 0x1F600] {
      guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
      let text = "a\(scalar)b"
      let read = try JSONSerialization.jsonObject(
        with: Data(jsonString(text).utf8), options: .fragmentsAllowed)
      #expect((read as? String)?.unicodeScalars.elementsEqual(text.unicodeScalars) == true, "\(value)")
    }
  }

  @Test func markdown() {
    #expect(
      tree.markdown(title: "T") == """
        # T

        ## System <!-- sotto:system -->

        Be "brief".

        ## You <!-- sotto:user -->

        Line
        break \\ \u{1B}[31m \u{0} 漢字 👨‍👩‍👧

        ## SmolLM2 <!-- sotto:assistant -->

        > hm
        > yes

        Answer

        """)
  }
}
