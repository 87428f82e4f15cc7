import Basics
import Generation
import LocalEngine
import Testing

/// The lines of a batch's input.
struct BatchLineTests {
  private func line(_ text: String, number: Int = 7, isRaw: Bool = false) throws -> BatchLine {
    try BatchLine(Array(text.utf8), number: number, isRaw: isRaw)
  }

  @Test func settingsReplaceTheDefaults() throws {
    let line = try line(
      """
      {"id": "a", "prompt": "Hi", "temperature": 0, "top_k": 3, "seed": -1, "logit_bias": {"5": -100},
       "max_tokens": 9, "stop": ["x", "y"], "top_p": null}
      """)
    let sampling = try line.sampling(SamplingSettings(topP: 0.5, minP: 0.25))
    #expect(
      sampling
        == SamplingSettings(temperature: 0, topP: 0.5, topK: 3, minP: 0.25, logitBias: [5: -100], seed: .max))
    #expect(try line.maxTokens == 9 && line.stopStrings == ["x", "y"] && line.id == "a" && !line.isOpenAI)
    guard case .prompt("Hi", system: nil, isRaw: false) = line.content else {
      Issue.record("\(line.content)")
      return
    }
  }

  @Test func openAILinesAreUnderstood() throws {
    let chat = try line(
      """
      {"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages":
       [{"role": "user", "content": "Hi"}], "max_completion_tokens": 5, "stop": "."}}
      """)
    #expect(try chat.isOpenAI && chat.id == "r1" && chat.maxTokens == 5 && chat.stopStrings == ["."])
    let completion = try line(#"{"custom_id": "r2", "url": "/v1/completions", "body": {"prompt": "Once"}}"#)
    guard case .prompt("Once", system: nil, isRaw: true) = completion.content else {
      Issue.record("\(completion.content)")
      return
    }
  }

  @Test func aLineWithoutAnIdHasItsNumber() throws {
    #expect(try line(#"{"prompt": ""}"#).id == 7)
    #expect(try line(#"{"prompt": "", "id": null}"#).id == 7)
    #expect(try line(#"{"prompt": "", "id": 0}"#).id == 0)
  }

  @Test(arguments: [
    "", "x", "[]", "3", #""prompt""#, "{}", #"{"prompt": 3}"#, #"{"prompt": "a""#, #"{"prompt": "a"} x"#,
    #"{"prompt": "a", "id": []}"#, #"{"prompt": "a", "id": 1.5}"#, #"{"messages": []}"#,
    #"{"messages": [3]}"#,
    #"{"messages": [{"content": "a"}]}"#, #"{"messages": "a"}"#, #"{"body": 3}"#, #"{"prompt": "a", "n": 2}"#,
    "{\"prompt\": \"\u{0}\"}", #"{"prompt": "\ud800x", "id": {}}"#, String(repeating: "[", count: 100_000),
  ])
  func hostileLinesAreErrors(_ text: String) {
    #expect(throws: BatchLine.Problem.self) { try line(text) }
  }

  @Test(arguments: [
    #""temperature": -1"#, #""temperature": "0""#, #""temperature": 1e999"#, #""top_p": 2"#, #""top_k": 1.5"#,
    #""top_k": -1"#, #""seed": 1e30"#, #""logit_bias": {"a": 1}"#, #""logit_bias": {"1": "x"}"#,
    #""logit_bias": 3"#, #""min_p": true"#,
  ])
  func hostileSettingsAreErrors(_ setting: String) throws {
    let line = try line(#"{"prompt": "a", \#(setting)}"#)
    #expect(throws: BatchLine.Problem.self) { try line.sampling(SamplingSettings()) }
  }

  @Test(arguments: [#""max_tokens": 0"#, #""max_tokens": 1e20"#, #""max_tokens": "9""#])
  func hostileLimitsAreErrors(_ limit: String) throws {
    #expect(throws: BatchLine.Problem.self) { try line(#"{"prompt": "a", \#(limit)}"#).maxTokens }
  }

  @Test(arguments: [#""stop": 3"#, #""stop": ["a", 3]"#])
  func hostileStopsAreErrors(_ stop: String) throws {
    #expect(throws: BatchLine.Problem.self) { try line(#"{"prompt": "a", \#(stop)}"#).stopStrings }
  }

  /// `logprobs` of chat completions is a boolean, that of completions a number.
  @Test(arguments: [
    ("", nil), (#", "logprobs": null"#, nil), (#", "logprobs": false, "top_logprobs": 3"#, nil),
    (#", "logprobs": true"#, 0), (#", "logprobs": true, "top_logprobs": 3"#, 3), (#", "logprobs": 20"#, 20),
  ])
  func logProbabilities(_ setting: String, _ count: Int?) throws {
    #expect(try line(#"{"prompt": "a"\#(setting)}"#).logProbabilities == count)
  }

  @Test(arguments: [
    #""logprobs": 21"#, #""logprobs": "yes""#, #""logprobs": -1"#, #""logprobs": true, "top_logprobs": 21"#,
  ])
  func hostileLogProbabilitiesAreErrors(_ setting: String) throws {
    #expect(throws: BatchLine.Problem.self) { try line(#"{"prompt": "a", \#(setting)}"#).logProbabilities }
  }
}
