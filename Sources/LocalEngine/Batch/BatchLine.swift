import Basics
import Conversation
import Generation

/// A line of the input of `sotto batch`: an identifier, a prompt or messages, and settings that replace the defaults.
///
/// Lines in the format of OpenAI's batch files (`custom_id`, `url`, `body`) are accepted too.
package struct BatchLine: Sendable {
  /// What the model is asked.
  package enum Content: Sendable {
    /// A user's message, or the text to complete if `isRaw`.
    case prompt(String, system: String?, isRaw: Bool)
    /// A JSON array of messages.
    case messages(JSON)
  }

  /// Why a line can't be used.
  package struct Problem: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = printable(description, limit: 2000) }
  }

  /// A string or an integer.
  package let id: JSON
  /// Whether the answer is written in the format of OpenAI's batch files.
  package let isOpenAI: Bool
  package let content: Content
  /// Variables for the chat template.
  package let variables: [String: JSON]
  private let settings: JSON

  /// Parses a line.
  /// - Parameters:
  ///   - number: the line's number, which is the identifier of a line without one.
  ///   - isRaw: whether prompts are completed without the chat template.
  package init(_ bytes: [UInt8], number: Int, isRaw: Bool) throws(Problem) {
    let line: JSON
    do throws(JSONError) { line = try JSON(parsing: bytes) } catch { throw Problem("\(error)") }
    guard line.asObject != nil else { throw Problem("the line is \(line.kindName), not an object") }
    do throws(JSONError) {
      let body = try line.optionalObject("body")
      isOpenAI = body != nil
      if let body { settings = .object(body) } else { settings = line }
      let (openAI, own) = (try line.optional("custom_id"), try line.optional("id"))
      id = openAI ?? own ?? .integer(number)
      let url = try line.optionalString("url")
      var variables: [String: JSON] = [:]
      if let effort = try settings.optionalString("reasoning_effort") {
        variables["reasoning_effort"] = .string(effort)
      }
      self.variables = variables
      if let messages = try settings.optionalArray("messages") {
        content = .messages(.array(messages))
      } else if let prompt = try settings.optionalString("prompt") {
        content = .prompt(
          prompt, system: try settings.optionalString("system"),
          isRaw: isRaw || url?.hasSuffix("/chat/completions") == false)
      } else {
        throw JSONError.missing(key: "prompt or messages")
      }
    } catch { throw Problem("\(error)") }
    switch id {
    case .string, .integer: break
    default: throw Problem("the id is \(id.kindName), not a string or an integer")
    }
    if case .messages(let messages) = content { try Self.check(messages) }
    if try integer("n", 1...Int.max) ?? 1 != 1 {
      throw Problem("n is not 1; repeat the line with another id instead")
    }
  }

  /// Templates accept anything; a message without a role would silently be left out.
  private static func check(_ messages: JSON) throws(Problem) {
    let messages = messages.asArray ?? []
    if messages.isEmpty { throw Problem("messages is empty") }
    for (index, message) in messages.enumerated() where message["role"]?.asString == nil {
      throw Problem("message \(index + 1) has no role")
    }
  }

  /// The sampling settings: the line's, otherwise `defaults`.
  package func sampling(_ defaults: SamplingSettings) throws(Problem) -> SamplingSettings {
    var result = defaults
    func set(_ key: String, _ path: WritableKeyPath<SamplingSettings, Float>, _ range: ClosedRange<Double>)
      throws(Problem)
    {
      if let value = try number(key, range) { result[keyPath: path] = Float(value) }
    }
    try set("temperature", \.temperature, 0...100)
    try set("top_p", \.topP, 0...1)
    try set("min_p", \.minP, 0...1)
    try set("repetition_penalty", \.repetitionPenalty, 0.01...100)
    try set("presence_penalty", \.presencePenalty, -100...100)
    try set("frequency_penalty", \.frequencyPenalty, -100...100)
    if let topK = try integer("top_k", 0...Int(Int32.max)) { result.topK = topK }
    if let seed = try integer("seed", Int.min...Int.max) { result.seed = UInt64(bitPattern: Int64(seed)) }
    if let bias = try object("logit_bias") {
      for (key, value) in bias {
        guard let id = Int32(key), let number = value.asNumber, (-1000...1000).contains(number) else {
          throw Problem("logit_bias must map token ids to numbers from -1000 to 1000")
        }
        result.logitBias[id] = Float(number)
      }
    }
    return result
  }

  /// The largest number of tokens to generate; nil if the line has none.
  package var maxTokens: Int? {
    get throws(Problem) {
      for key in ["max_completion_tokens", "max_tokens"] {
        if let value = try integer(key, 1...Int(Int32.max)) { return value }
      }
      return nil
    }
  }

  /// The number of most likely tokens whose log probabilities are written with that of each token; nil for none.
  package var logProbabilities: Int? {
    get throws(Problem) {
      guard let value = settings["logprobs"], !value.isNull else { return nil }
      if let isWanted = value.asBool {
        let count = try integer("top_logprobs", 0...LogProbabilityText.most)
        return isWanted ? count ?? 0 : nil
      }
      return try integer("logprobs", 0...LogProbabilityText.most)
    }
  }

  /// Texts that end the answer.
  package var stopStrings: [String] {
    get throws(Problem) {
      guard let stop = settings["stop"], !stop.isNull else { return [] }
      if let text = stop.asString { return [text] }
      guard let texts = stop.asArray?.map(\.asString), !texts.contains(nil) else {
        throw Problem("stop must be a string or an array of strings")
      }
      return texts.compactMap { $0 }
    }
  }

  private func number(_ key: String, _ range: ClosedRange<Double>) throws(Problem) -> Double? {
    guard let value = settings[key], !value.isNull else { return nil }
    guard let number = value.asNumber, range.contains(number) else {
      throw Problem("\(key) must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private func integer(_ key: String, _ range: ClosedRange<Int>) throws(Problem) -> Int? {
    guard let value = settings[key], !value.isNull else { return nil }
    guard let number = value.asInteger, range.contains(number) else {
      throw Problem("\(key) must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private func object(_ key: String) throws(Problem) -> JSONObject? {
    guard let value = settings[key], !value.isNull else { return nil }
    guard let object = value.asObject else { throw Problem("\(key) must be an object") }
    return object
  }
}
