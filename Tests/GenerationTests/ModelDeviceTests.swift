import Generation
import TestSupport
import Testing

@Suite struct ModelDeviceTests {
  @Test func theDeviceOfAResidentModelIsKnown() async throws {
    let tiny = try TinyModels.named("llama"), generator = Generator()
    _ = try await generator.load("a") { try tiny.load() }
    let device = ModelDevice(name: "a GPU", notice: "why")
    _ = try await generator.load("b") {
      let loaded = try tiny.load()
      return LoadedModel(
        model: loaded.model, tokenizer: nil, backend: loaded.backend, bytes: loaded.bytes, device: device)
    }
    #expect(generator.device(of: "a") == ModelDevice())
    #expect(generator.device(of: "b") == device)
    #expect(generator.device(of: "c") == nil)
  }
}
