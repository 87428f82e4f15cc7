import Conversation
import Foundation
import Testing

@Suite struct ImportTests {
  private var tree: MessageTree {
    var tree = MessageTree(systemPrompt: "Be brief.\n\n## Not a message")
    tree.append(Message(role: .user, content: "Why?\n\n## You\nsaid"))
    tree.append(
      Message(role: .assistant, content: "> a quote\n\n# Head\nBecause.", reasoning: "hm\n\nyes", model: "m"))
    tree.append(Message(role: .user, content: "And?"))
    tree.append(Message(role: .assistant, content: "So.", model: "m"))
    return tree
  }

  private func parts(_ tree: MessageTree) -> [[String]] {
    tree.messages.map { [$0.role.rawValue, $0.content, $0.reasoning, $0.model ?? ""] }
  }

  /// What is exported is read back.
  @Test func ownFormats() throws {
    for text in [tree.json(model: "m"), tree.markdown(title: "A title")] {
      let read = try ConversationImport.read(text)
      #expect(read.count == 1)
      #expect(read.first.map { parts($0.tree) } == parts(tree))
      #expect(read.first?.model == "m")
    }
    #expect(try ConversationImport.read(tree.markdown(title: "A title")).first?.title == "A title")
  }

  @Test(arguments: [
    #"{"model": "llama3", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "thinking": "t"}]}"#,
    #"[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "thinking": "t", "model": "llama3"}]"#,
    """
    {"model": "llama3", "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "assistant", "content": "b", "reasoning_content": "t"}]}

    {"messages": [{"role": "user", "content": "second"}]}
    """,
  ])
  func messagesOfOtherPrograms(_ text: String) throws {
    let read = try ConversationImport.read(text)
    #expect(
      read.first.map { parts($0.tree) } == [["user", "a", "", ""], ["assistant", "b", "t", "llama3"]])
    #expect(read.count == (text.contains("second") ? 2 : 1))
  }

  /// A conversation as ChatGPT exports it: hidden nodes, thoughts, two answers of which the second is shown.
  @Test func chatGPT() throws {
    func node(_ id: String, _ parent: String?, _ children: [String], _ message: String) -> String {
      let parent = parent.map { "\"\($0)\"" } ?? "null"
      let list = children.map { "\"\($0)\"" }.joined(separator: ",")
      return
        "\"\(id)\": {\"id\": \"\(id)\", \"parent\": \(parent), \"children\": [\(list)], \"message\": \(message)}"
    }
    func message(_ role: String, _ content: String, _ metadata: String = "{}") -> String {
      "{\"author\": {\"role\": \"\(role)\"}, \"content\": \(content), \"metadata\": \(metadata)}"
    }
    func text(_ text: String) -> String { #"{"content_type": "text", "parts": ["\#(text)"]}"# }
    let nodes = [
      node("root", nil, ["sys"], "null"), node("sys", "root", ["q"], message("system", text(""))),
      node("q", "sys", ["a1", "t"], message("user", text("Why?"))),
      node("a1", "q", [], message("assistant", text("One."), #"{"model_slug": "gpt-4"}"#)),
      node(
        "t", "q", ["a2"],
        message("assistant", #"{"content_type": "thoughts", "thoughts": [{"content": "hm"}]}"#)),
      node("a2", "t", ["q2"], message("assistant", text("Two."), #"{"model_slug": "gpt-5"}"#)),
      node("q2", "a2", ["end"], message("user", text("And?"))),
      node("end", "q2", [], message("assistant", text("End."), #"{"model_slug": "gpt-5"}"#)),
    ]
    let file =
      "[{\"title\": \"A chat\", \"current_node\": \"end\", \"mapping\": {\(nodes.joined(separator: ","))}}]"
    let read = try ConversationImport.read(file)
    #expect(read.first?.title == "A chat" && read.first?.model == "gpt-5")
    var tree = try #require(read.first?.tree)
    #expect(
      parts(tree) == [
        ["user", "Why?", "", ""], ["assistant", "Two.", "hm", "gpt-5"], ["user", "And?", "", ""],
        ["assistant", "End.", "", "gpt-5"],
      ])
    // The other answer is a branch.
    #expect(tree.branchPoints.first?.choices.count == 2)
    let other = try #require(tree.branchPoints.first?.choices.first)
    tree.select(other)
    #expect(tree.messages.map(\.content) == ["Why?", "One."])
  }

  @Test(arguments: [
    "", "hello", "{", "[]", "{}", "[1]", #"{"messages": []}"#, #"{"messages": [{"content": "x"}]}"#,
    #"[{"mapping": {"a": {"parent": "b", "children": ["b"]}, "b": {"parent": "a", "children": ["a"]}}}]"#,
    "# Title\n\n## You\n\nno marks",
  ])
  func invalidFilesAreRefused(_ text: String) {
    #expect(throws: ConversationImport.Problem.self) { try ConversationImport.read(text) }
  }
}
