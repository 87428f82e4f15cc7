import Basics
import Checkpoints
import Compute
import Foundation
import Models
import Quantization
import TestSupport
import Testing

@Suite struct ModelQuantizationTests {
  private func open(_ name: String) throws -> Checkpoint {
    try Checkpoint.open(Repository.tinyModel(name).path)
  }

  private func write(
    _ name: String, to target: String, group: Int? = nil, mixed: Bool = false, _ folder: TemporaryFolder
  ) throws -> Checkpoint {
    let output = folder.path + "/out"
    let work = try ModelQuantization(
      open(name), to: QuantizationTarget(name: target, group: group), mixed: mixed)
    var last = (done: 0, total: 1)
    try work.write(to: output, threads: 2) { last = ($0, $1) }
    #expect(last.done == last.total)
    return try Checkpoint.open(output)
  }

  @Test(arguments: [("q4", 32), ("q8", 32), ("mxfp4", nil), ("mxfp8", nil)] as [(String, Int?)])
  func theFolderIsAModel(target: String, group: Int?) throws {
    let folder = try TemporaryFolder()
    let model = try write("llama-plain", to: target, group: group, folder)
    let format = try model.weight("model.layers.0.self_attn.q_proj.weight").format
    #expect(format.blockColumns == 32 && format.blockBytes < 64)
    #expect(try model.weight("model.norm.weight").format == .float32)
    #expect(model.formatProblem == nil)
    #expect(Registry.problem(with: model.summary) == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
  }

  @Test func sensitiveLayersHaveMoreBits() throws {
    let folder = try TemporaryFolder()
    let model = try write("qwen3-bf16", to: "q3", group: 32, mixed: true, folder)
    func bits(_ name: String) throws -> Int? {
      guard case .affine(let bits, _, _) = try model.weight(name).format else { return nil }
      return bits
    }
    #expect(try bits("model.embed_tokens.weight") == 4)
    #expect(try bits("model.layers.0.self_attn.v_proj.weight") == 4)
    #expect(try bits("model.layers.1.self_attn.v_proj.weight") == 3)
    #expect(try bits("model.layers.0.self_attn.q_proj.weight") == 3)
    let settings = try #require(model.configuration?["quantization"])
    #expect(settings["bits"] == .integer(3))
    #expect(settings["model.embed_tokens"]?["bits"] == .integer(4))
    #expect(model.configuration?["quantization_config"] == settings)
  }

  /// Layers in MXFP4 are kept, and all others have settings of their own.
  @Test func packedLayersAreKept() throws {
    let folder = try TemporaryFolder()
    let model = try write("gpt-oss-openai", to: "q4", group: 32, folder)
    #expect(try model.weight("model.layers.0.mlp.experts.gate_proj.weight").format == .mxfp4Planar)
    #expect(model.configuration?["quantization"]?["mode"] == "mxfp4")
    #expect(model.configuration?["quantization"]?["lm_head"]?["mode"] == "affine")
    _ = try Registry.model(model, backend: CPUBackend(precision: .exact, threads: 1))
  }

  /// An infinite limit is an object in config.json, as mlx-lm writes it.
  @Test func infiniteNumbersAreTagged() throws {
    let folder = try TemporaryFolder()
    let model = try write("nemotron-h", to: "q4", folder)
    #expect(model.configuration?["time_step_limit"]?[1]?["__float__"] == "Infinity")
    _ = try Registry.model(model, backend: CPUBackend(precision: .exact, threads: 1))
  }

  @Test func floatingPointBytesAreQuantised() throws {
    let folder = try TemporaryFolder()
    let model = try write("llama-fp8-block", to: "q8", group: 32, folder)
    guard case .affine(8, 32, .bfloat16) = try model.weight("model.layers.0.mlp.up_proj.weight").format else {
      Issue.record("not quantised")
      return
    }
  }

  /// A weight without a kernel is not left out.
  @Test(arguments: ["q4", "gguf:q8_0"])
  func weightsThatCannotBeReadAreErrors(target: String) throws {
    let folder = try TemporaryFolder()
    let configuration = try #require(open("llama-plain").configuration)
    _ = try folder.write("config.json", configuration.text())
    let writer = try SafetensorsWriter(
      folder.path + "/model.safetensors",
      [
        .float32("model.embed_tokens.weight", [2, 64]),
        .bytes("model.layers.0.mlp.up_proj.weight", .float8E4M3, [2, 16]),
      ])
    try writer.append([Float](repeating: 1, count: 128))
    try writer.append(Bytes(copying: [UInt8](repeating: 1, count: 32)))
    try writer.finish()
    let checkpoint = try Checkpoint.open(folder.path)
    let error = #expect(throws: FileError.self) {
      if target == "q4" { _ = try Registry.mlxTensors(checkpoint) } else { _ = try GGUFExport(checkpoint) }
    }
    #expect(error.map { "\($0)".contains("up_proj") } == true)
  }

  @Test func anInterruptionLeavesNothing() throws {
    struct Interruption: Error {}
    let folder = try TemporaryFolder()
    let work = try ModelQuantization(open("llama-plain"), to: QuantizationTarget(name: "q4", group: 32))
    #expect(throws: Interruption.self) {
      try work.write(to: folder.path + "/out", threads: 1) { done, total in
        if done > total / 2 { throw Interruption() }
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func whatCannotBeQuantisedIsRefused() throws {
    let q4 = try QuantizationTarget(name: "q4", group: 32)
    for name in ["llama-affine4-32", "gguf-qwen3/model.gguf", "minimax"] {
      #expect(throws: (any Error).self, "\(name)") { try ModelQuantization(open(name), to: q4) }
    }
    #expect(throws: QuantizationError.self) {
      try ModelQuantization(open("llama-plain"), to: QuantizationTarget(name: "q4", group: 128))
    }
    #expect(throws: QuantizationError.self) {
      try ModelQuantization(open("llama-plain"), to: QuantizationTarget(name: "mxfp4"), mixed: true)
    }
    for (name, group) in [("q7", nil), ("q4", 48), ("mxfp4", 64), ("", nil)] as [(String, Int?)] {
      #expect(throws: QuantizationError.self) { try QuantizationTarget(name: name, group: group) }
    }
  }

  @Test func anExistingFolderStays() throws {
    let folder = try TemporaryFolder()
    let work = try ModelQuantization(open("llama-plain"), to: QuantizationTarget(name: "q4", group: 32))
    #expect(throws: FileError.self) { try work.write(to: folder.path, threads: 1) { _, _ in } }
  }
}

@Suite struct WeightVerificationTests {
  @Test(arguments: [
    "llama-plain", "gguf-llama-k/model.gguf", "llama-affine4-32", "gpt-oss-openai", "llama-fp8-row",
  ])
  func soundModelsHaveNoProblems(name: String) throws {
    let checkpoint = try Checkpoint.open(Repository.tinyModel(name).path)
    #expect(try WeightVerification(checkpoint).problems(threads: 2) { _, _ in } == [])
    #expect(checkpoint.layoutProblems() == [])
  }

  @Test func numbersThatAreNotFiniteAreFound() throws {
    let folder = try TemporaryFolder()
    try Data(#"{"model_type": "llama"}"#.utf8).write(to: URL(filePath: folder.path + "/config.json"))
    let writer = try SafetensorsWriter(
      folder.path + "/model.safetensors", [.float32("a", [2, 3]), .float32("b", [2])])
    try writer.append([1, 2, .infinity, .nan, 0, -0, 1, 2] as [Float])
    try writer.finish()
    let problems = try WeightVerification(Checkpoint.open(folder.path)).problems(threads: 1) { _, _ in }
    #expect(problems == ["tensor a: 2 of 6 numbers are not finite"])
  }
}
