import Basics
import Compute
import Conversation
import Generation
import Tokenization

/// The answer to a line of `sotto batch`.
package struct BatchResult: Sendable {
  /// The answer's text.
  package private(set) var text = ""
  /// The reasoning of a reasoning model.
  package private(set) var reasoning = ""
  /// Known after the last event.
  package private(set) var statistics: GenerationStatistics?
  /// Why the request failed.
  package private(set) var failure: String?
  private var reader: ReplyReader
  private let tokenizer: Tokenizer
  private var logProbabilities: [TokenLogProbabilities] = []

  init(_ reader: ReplyReader, _ tokenizer: Tokenizer) {
    self.reader = reader
    self.tokenizer = tokenizer
  }

  /// Processes an event.
  package mutating func process(_ event: GenerationEvent) {
    switch event {
    case .prefill: break
    case .logProbabilities(let token): logProbabilities.append(token)
    case .token(let id, let piece): add(reader.process(id: id, text: piece))
    case .done(let statistics):
      add(reader.finish())
      self.statistics = statistics
    case .failed(let message): failure = message
    }
  }

  private mutating func add(_ pieces: [(channel: Channel, text: String)]) {
    for piece in pieces {
      if piece.channel == .answer {
        text += piece.text
      } else if piece.channel == .reasoning {
        reasoning += piece.text
      }
    }
  }

  /// The line of the output, without a line break; nil unless the request is complete.
  package func json(for line: BatchLine, model: String) -> JSON? {
    guard let statistics, statistics.finishReason != .cancelled, failure == nil else { return nil }
    let (prompt, generated) = (statistics.promptTokens, statistics.generatedTokens)
    let reason = JSON.string(statistics.finishReason.rawValue)
    let wanted = try? line.logProbabilities
    let hasLogProbabilities = wanted != nil
    guard line.isOpenAI else {
      var object: JSONObject = JSONObject()
      object["id"] = line.id
      object["text"] = .string(text)
      object["reasoning"] = .string(reasoning)
      object["finish_reason"] = reason
      object["prompt_tokens"] = .integer(prompt)
      object["reused_tokens"] = .integer(statistics.reusedTokens)
      object["generated_tokens"] = .integer(generated)
      if hasLogProbabilities { object["logprobs"] = LogProbabilityText.content(logProbabilities, tokenizer) }
      return .object(object)
    }
    var choice: JSONObject = JSONObject()
    choice["index"] = 0
    if case .prompt(_, _, isRaw: true) = line.content {
      choice["text"] = .string(text)
    } else {
      var message = JSONObject()
      message["role"] = "assistant"
      message["content"] = .string(text)
      if !reasoning.isEmpty { message["reasoning_content"] = .string(reasoning) }
      choice["message"] = .object(message)
    }
    choice["finish_reason"] = reason
    let isChat = choice["message"] != nil
    if hasLogProbabilities {
      choice["logprobs"] =
        isChat
        ? ["content": LogProbabilityText.content(logProbabilities, tokenizer)]
        : LogProbabilityText.lists(logProbabilities, tokenizer)
    }
    return [
      "custom_id": line.id,
      "response": [
        "status_code": 200,
        "body": [
          "object": .string(isChat ? "chat.completion" : "text_completion"), "model": .string(model),
          "choices": .array([.object(choice)]),
          "usage": [
            "prompt_tokens": .integer(prompt), "completion_tokens": .integer(generated),
            "total_tokens": .integer(prompt + generated),
          ],
        ],
      ],
      "error": nil,
    ]
  }
}

extension OpenedModel {
  /// The request for a line, and the parser of its answer.
  /// - Parameter maxTokens: for lines without a limit.
  package func request(
    for line: BatchLine, sampling: SamplingSettings, maxTokens: Int
  ) throws -> (request: GenerationRequest, result: BatchResult) {
    let turn: Turn
    var stops = try line.stopStrings
    switch line.content {
    case .prompt(let text, _, isRaw: true): turn = try self.turn(text, system: nil, raw: true)
    case .prompt(let text, let system, isRaw: false):
      var messages: [JSON] = []
      if let system { messages.append(["role": "system", "content": .string(system)]) }
      messages.append(["role": "user", "content": .string(text)])
      turn = try self.turn(messages: .array(messages), variables: line.variables)
      stops += stopStrings
    case .messages(let messages):
      turn = try self.turn(messages: messages, variables: line.variables)
      stops += stopStrings
    }
    var request = GenerationRequest(
      prompt: turn.prompt, sampling: try line.sampling(sampling), maxTokens: try line.maxTokens ?? maxTokens,
      stopStrings: stops, thoughtLimit: turn.thoughtLimit)
    request.priority = .batch
    request.logProbabilities = try line.logProbabilities
    return (request, BatchResult(turn.reader, tokenizer))
  }
}
