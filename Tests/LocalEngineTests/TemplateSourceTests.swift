import Basics
import Checkpoints
import LocalEngine
import Templates
import TestSupport
import Testing

/// Where a model's chat template comes from.
struct TemplateSourceTests {
  /// A folder without weights.
  private func source(_ files: [String: String], forTools: Bool = false) throws -> String? {
    let folder = try TemporaryFolder()
    _ = try folder.write("config.json", #"{"model_type": "llama"}"#)
    for (name, text) in files { _ = try folder.write(name, text) }
    return try ChatTemplate.source(in: Checkpoint.open(folder.path), forTools: forTools)
  }

  private func source(gguf templates: [(String, String)], forTools: Bool = false) throws -> String? {
    let folder = try TemporaryFolder()
    let metadata = [("general.architecture", GGUFBytes.Value.string("llama"))]
    let keys = templates.map { ("tokenizer.chat_template" + $0.0, GGUFBytes.Value.string($0.1)) }
    let path = try folder.write("model.gguf", GGUFBytes(metadata + keys).bytes)
    return try ChatTemplate.source(in: Checkpoint.open(path), forTools: forTools)
  }

  @Test(arguments: ["", " ", "\n", " \t\r\n\u{3000}"])
  func aBlankTemplateCountsAsNone(_ blank: String) throws {
    let quoted = JSON.string(blank).text()
    #expect(try source(["chat_template.jinja": blank]) == nil)
    #expect(try source(["tokenizer_config.json": "{\"chat_template\": \(quoted)}"]) == nil)
    #expect(
      try source(["chat_template.jinja": blank, "tokenizer_config.json": #"{"chat_template": "x"}"#]) == "x")
    let named = "[{\"name\": \"default\", \"template\": \(quoted)}, {\"name\": \"b\", \"template\": \"y\"}]"
    #expect(try source(["tokenizer_config.json": "{\"chat_template\": \(named)}"]) == "y")
    #expect(try source(gguf: [("", blank)]) == nil)
    #expect(try source(gguf: [("", "x"), (".tool_use", blank)], forTools: true) == "x")
  }

  @Test func templatesWithContentAreUnchanged() throws {
    #expect(try source(["chat_template.jinja": " x\n"]) == " x\n")
    #expect(try source(gguf: [("", "x"), (".tool_use", "t")], forTools: true) == "t")
    #expect(try source(gguf: [("", "x"), (".tool_use", "t")]) == "x")
    #expect(try source(gguf: []) == nil)
  }
}
