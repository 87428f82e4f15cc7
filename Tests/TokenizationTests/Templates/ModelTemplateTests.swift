import Checkpoints
import Testing
import Tokenization

/// Which template a model has, in every form that models bring it.
struct ModelTemplateTests {
  @Test func aStringIsTheTemplate() {
    let model = ModelTemplate(configuration: [
      "chat_template": "a", "bos_token": "<s>", "eos_token": ["content": "</s>"],
    ])
    #expect(model.source(withTools: false) == "a" && model.source(withTools: true) == "a")
    #expect(model.variables == ["bos_token": "<s>", "eos_token": "</s>"])
  }

  @Test func namedTemplatesAreChosenByTools() {
    let model = ModelTemplate(configuration: [
      "chat_template": [["name": "default", "template": "d"], ["name": "tool_use", "template": "t"]]
    ])
    #expect(model.source(withTools: false) == "d" && model.source(withTools: true) == "t")
    let only = ModelTemplate(configuration: ["chat_template": [["name": "rag", "template": "r"]]])
    #expect(only.source(withTools: true) == "r")
  }

  @Test func theFileWins() {
    let model = ModelTemplate(configuration: ["chat_template": "a"], file: "b")
    #expect(model.source(withTools: false) == "b")
  }

  @Test(arguments: [
    JSON.null, 1, [], ["chat_template": 5], ["chat_template": [1, "x", ["name": 3]]], ["bos_token": nil],
  ])
  func oddConfigurationsHaveNone(configuration: JSON) {
    let model = ModelTemplate(configuration: configuration)
    #expect(model.source(withTools: true) == nil)
    #expect(model.variables.isEmpty)
  }

  @Test func theConfigurationWinsOverTheMapOfSpecialTokens() {
    let model = ModelTemplate(
      configuration: ["bos_token": "a"],
      specialTokens: ["bos_token": "b", "eos_token": "c", "pad_token": "p"])
    #expect(model.variables == ["bos_token": "a", "eos_token": "c", "pad_token": "p"])
  }

  @Test func reasoningIsFoundUnderEveryName() {
    let given: JSON = [
      ["role": "assistant", "reasoning": "r"], ["role": "assistant", "thinking": "t"], ["role": "user"],
    ]
    #expect(
      ChatTemplate.withReasoningNames(given) == [
        ["role": "assistant", "reasoning": "r", "thinking": "r", "reasoning_content": "r"],
        ["role": "assistant", "thinking": "t", "reasoning_content": "t"], ["role": "user"],
      ])
  }
}
