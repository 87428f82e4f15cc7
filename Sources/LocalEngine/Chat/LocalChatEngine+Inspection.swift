import Conversation
import Generation

// The token inspector: the probabilities of the tokens of an answer.
extension LocalChatEngine {
  func inspect(_ request: ChatRequest) async throws -> [InspectedToken] {
    guard let current else { throw EngineError.noModel }
    var messages = request.messages
    guard let answer = messages.popLast(), answer.role == .assistant, !answer.content.isEmpty else {
      return []
    }
    let model = current.model
    let turn = try model.turn(
      messages: .array(messages.map(\.json)), variables: request.settings.templateVariables)
    let whole = model.continuing(turn, with: answer).prompt
    do {
      let scores = try await generator.scores(current.key, whole, after: turn.prompt)
      return Self.inspected(scores, of: Array(answer.content.utf8), bytes: model.tokenizer.bytes(of:))
    } catch is GenerationError {
      throw EngineError(description: "The answer does not fit the context of \(current.info.name).")
    } catch {
      throw EngineError(description: "The inspection was interrupted; /inspect starts it again.")
    }
  }

  /// The tokens of the content, found from its end: what is before it is reasoning and format.
  static func inspected(
    _ scores: [ScoredToken], of content: [UInt8], bytes: (Int32) -> [UInt8]
  ) -> [InspectedToken] {
    var end = content.count
    var result: [InspectedToken] = []
    for token in scores.reversed() {
      let text = bytes(token.id)
      guard text.count <= end, content[(end - text.count)..<end].elementsEqual(text) else { break }
      end -= text.count
      result.append(
        InspectedToken(
          offset: end, count: text.count, probability: token.probability,
          alternatives: token.alternatives.map { alternative in
            InspectedToken.Alternative(
              text: String(decoding: bytes(alternative.id), as: UTF8.self),
              probability: alternative.probability)
          }))
      if end == 0 { break }
    }
    return result.reversed()
  }
}

/// Why a request of the chat fails; for the user.
struct EngineError: Error, CustomStringConvertible {
  let description: String

  static let noModel = EngineError(description: "No model is loaded; choose one with /model.")
}
