import Basics
import Foundation
import Testing

/// What the commands say about tensors that a model does not use.
struct SpareTensorCommandTests {
  private func run(_ command: String, _ tensors: [String], _ options: [String]) throws -> Program {
    try Fixture.withFolder { folder in
      var model = ChainModel()
      model.spareTensors = tensors
      return try Program.run([command, try model.write(in: folder)] + options, in: folder)
    }
  }

  @Test(arguments: [
    ("generate", ["-p", "hello", "--max-tokens", "20", "--temperature", "0"]), ("inspect", []),
  ])
  func tensorsOfUnknownUseAreWarnedOf(_ command: String, _ options: [String]) throws {
    let program = try run(command, ["model.memory", "vision_tower.x"], options)
    let said = command == "inspect" ? program.output : program.error
    #expect(program.exitCode == 0 && said.contains("does not use the tensor model.memory, whose"), "\(said)")
    if command == "generate" { #expect(program.output.contains("Hi ok.")) }
    let quiet = try run(command, ["vision_tower.x"], options)
    #expect(quiet.exitCode == 0 && !(quiet.output + quiet.error).contains("does not use"))
  }

  @Test func tensorsOfTheModelAreRefused() throws {
    let name = "model.layers.0.self_attn.q_norm.weight"
    let generated = try run("generate", [name], ["-p", "hello"])
    #expect(generated.exitCode == 1 && generated.error.contains(name), "\(generated.error)")
    let inspected = try run("inspect", [name], ["--json"])
    #expect(try JSON(parsing: inspected.output)["problem"]?.asString?.contains(name) == true)
  }
}
