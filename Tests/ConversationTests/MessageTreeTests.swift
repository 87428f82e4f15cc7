import Conversation
import Testing

@Suite struct MessageTreeTests {
  private func tree(_ texts: String...) -> MessageTree {
    var tree = MessageTree()
    for (index, text) in texts.enumerated() {
      tree.append(Message(role: index % 2 == 0 ? .user : .assistant, content: text))
    }
    return tree
  }

  @Test func thePathContainsTheAddedMessages() {
    var tree = tree("a", "b", "c")
    #expect(tree.messages.map(\.content) == ["a", "b", "c"])
    tree.systemPrompt = "be brief"
    #expect(tree.messages.first == Message(role: .system, content: "be brief"))
    tree.systemPrompt = ""
    #expect(tree.messages.count == 3)
  }

  @Test func branchesKeepAllMessages() throws {
    var tree = tree("question", "answer")
    let question = tree.path[0]
    let answer = tree.path[1]
    let canAnswer = tree.rewindAnswer()
    #expect(canAnswer)
    #expect(tree.path == [question])
    let second = tree.append(Message(role: .assistant, content: "another"))
    #expect(tree.siblings(of: answer) == [answer, second])
    tree.select(answer)
    #expect(tree.messages.map(\.content) == ["question", "answer"])
    let branch = tree.branch(from: question, Message(role: .user, content: "changed"))
    let edited = try #require(branch)
    #expect(tree.path == [edited])
    #expect(tree.siblings(of: edited) == [question, edited])
    // The first question has its selected answer again.
    tree.select(question)
    #expect(tree.messages.map(\.content) == ["question", "answer"])
  }

  @Test func undoRemovesTurns() {
    var tree = tree("one", "1", "two", "2")
    #expect(tree.undoTurn() == "two")
    #expect(tree.messages.map(\.content) == ["one", "1"])
    #expect(tree.undoTurn() == "one")
    #expect(tree.isEmpty)
    #expect(tree.undoTurn() == nil)
    let canAnswer = tree.rewindAnswer()
    #expect(!canAnswer)
  }

  @Test func branchPointsListTheAlternatives() throws {
    var tree = tree("question", "answer")
    #expect(tree.branchPoints.isEmpty)
    let (question, answer) = (tree.path[0], tree.path[1])
    _ = tree.rewindAnswer()
    // Undone messages are alternatives.
    #expect(tree.branchPoints == [.init(choices: [answer], current: nil)])
    let second = tree.append(Message(role: .assistant, content: "another"))
    _ = tree.rewindAnswer()
    // An empty answer is no alternative.
    tree.append(Message(role: .assistant, content: "", finish: .cancelled))
    tree.select(second)
    #expect(tree.branchPoints == [.init(choices: [answer, second], current: second)])
    let branch = tree.branch(from: question, Message(role: .user, content: "changed"))
    let edited = try #require(branch)
    #expect(tree.branchPoints == [.init(choices: [question, edited], current: edited)])
    tree.select(question)
    #expect(
      tree.branchPoints == [
        .init(choices: [answer, second], current: second),
        .init(choices: [question, edited], current: question),
      ])
  }

  @Test func interruptedAnswersFail() {
    var tree = tree("question")
    tree.append(Message(role: .assistant, content: "half an ans"))
    tree.endInterruptedAnswers()
    #expect(tree.messages.last?.finish == .failed)
    tree.append(Message(role: .user, content: "more"))
    tree.append(Message(role: .assistant, content: ""))
    tree.endInterruptedAnswers()
    #expect(tree.messages.last?.content == "more")
  }

  @Test func unansweredMessagesAreRemoved() throws {
    var answered = tree("one", "first")
    #expect(answered.removeUnansweredMessage() == nil)
    let before = answered
    answered.append(Message(role: .user, content: "two"))
    #expect(answered.removeUnansweredMessage() == "two")
    #expect(answered == before)
    // With an empty answer that was removed from the path.
    let question = answered.append(Message(role: .user, content: "three"))
    answered.append(Message(role: .assistant, content: ""))
    answered.rewind(before: try #require(answered.path.last))
    #expect(answered.head == question)
    #expect(answered.removeUnansweredMessage() == "three")
    #expect(answered == before)
    // A message with another answer stays in the tree.
    var regenerated = tree("one", "first")
    let canAnswer = regenerated.rewindAnswer()
    #expect(canAnswer)
    #expect(regenerated.removeUnansweredMessage() == "one")
    #expect(regenerated.isEmpty)
    #expect(regenerated.messageCount == 2)
    var empty = MessageTree()
    #expect(empty.removeUnansweredMessage() == nil)
  }

  @Test func unknownIdentifiersAreIgnored() {
    var tree = tree("a")
    let other = self.tree("a", "b", "c").path[2]
    let before = tree
    tree.select(other)
    tree.rewind(before: other)
    tree.update(other) { $0.content = "x" }
    #expect(tree.branch(from: other, Message(role: .user, content: "x")) == nil)
    #expect(tree[other] == nil)
    #expect(tree.siblings(of: other).isEmpty)
    #expect(tree == before)
  }

  /// Random changes: the path is always a chain from a root, and no message is lost.
  @Test func randomChangesKeepAllMessages() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      var tree = MessageTree()
      var ids: [MessageTree.ID] = []
      for step in 0..<60 {
        let target = ids.randomElement(using: &generator)
        switch (Int.random(in: 0..<5, using: &generator), target) {
        case (0, let id?): tree.select(id)
        case (1, let id?): tree.rewind(before: id)
        case (2, let id?):
          ids += [tree.branch(from: id, Message(role: .user, content: "\(step)"))].compactMap { $0 }
        case (3, _): tree.undoTurn()
        default:
          ids.append(tree.append(Message(role: step % 2 == 0 ? .user : .assistant, content: "\(step)")))
        }
        #expect(Set(tree.path).count == tree.path.count)
        for id in ids {
          #expect(tree[id] != nil)
          #expect(tree.siblings(of: id).contains(id))
        }
        if let last = tree.path.last { #expect(tree.head == last) }
      }
    }
  }
}
