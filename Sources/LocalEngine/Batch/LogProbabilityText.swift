import Basics
import Compute
import Tokenization

/// Log probabilities of tokens as JSON, in the formats of OpenAI's chat completions and completions.
package enum LogProbabilityText {
  /// The number in place of minus infinity, which JSON does not have.
  private static let least: Float = -9999
  /// The most tokens for each place.
  package static let most = 20

  private static func number(_ value: Float) -> JSON { .number(Double(max(value, least))) }

  private static func text(_ token: Int32, _ tokenizer: Tokenizer) -> String {
    String(decoding: tokenizer.bytes(of: token), as: UTF8.self)
  }

  /// For each token of an answer, its text, its log probability and its bytes, and the same of the most likely ones.
  package static func content(_ tokens: [TokenLogProbabilities], _ tokenizer: Tokenizer) -> JSON {
    func entry(_ entry: TokenLogProbabilities.Entry) -> JSONObject {
      var object = JSONObject()
      object["token"] = .string(text(entry.token, tokenizer))
      object["logprob"] = number(entry.logProbability)
      object["bytes"] = .array(tokenizer.bytes(of: entry.token).map { .integer(Int($0)) })
      return object
    }
    return .array(
      tokens.map { token in
        var object = entry(token.token)
        object["top_logprobs"] = .array(token.best.map { .object(entry($0)) })
        return .object(object)
      })
  }

  /// The texts and the log probabilities of the tokens of a completion, as lists.
  package static func lists(_ tokens: [TokenLogProbabilities], _ tokenizer: Tokenizer) -> JSON {
    [
      "tokens": .array(tokens.map { .string(text($0.token.token, tokenizer)) }),
      "token_logprobs": .array(tokens.map { number($0.token.logProbability) }),
      "top_logprobs": .array(
        tokens.map { token in
          var object = JSONObject()
          for entry in token.best { object[text(entry.token, tokenizer)] = number(entry.logProbability) }
          return .object(object)
        }),
    ]
  }
}
