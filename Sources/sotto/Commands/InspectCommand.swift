import ArgumentParser
import Basics
import Checkpoints
import Foundation
import Generation
import Hub
import Quantization
import TerminalInterface

/// `sotto inspect`: shows what is in the files of a model, and checks them.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what is in the files of a model.",
    discussion: """
      Shows the configuration or metadata, the tensors, the tokenizer and the chat template. --verify reads all of it: it \
      finds tensors that overlap or leave bytes over, numbers that are not finite, and files whose checksum is known and \
      differs. Then the exit code is 1.
      """)

  @Argument(help: "The file or folder of a model, or a name from 'sotto models'.", completion: .model)
  var model: String

  @Flag(help: "Print a JSON object.")
  var json = false

  @Flag(help: "Check the files whole instead of showing them.")
  var verify = false

  @OptionGroup var compute: ComputeOptions

  func run() throws {
    let checkpoint = try Checkpoint.open(ModelFinder.from(UserSettings.load()).resolve(model))
    guard verify else {
      let report = InspectionReport(checkpoint)
      Console.show(json ? report.json.text() + "\n" : report.text)
      return
    }
    let problems = try self.problems(checkpoint)
    if json {
      Console.out(JSON.array(problems.map { .string($0) }).text() + "\n")
    } else {
      for problem in problems { Console.show(problem + "\n") }
      if problems.isEmpty {
        Console.out("\(checkpoint.path): no problems in \(checkpoint.tensors.count) tensors\n")
      }
    }
    if !problems.isEmpty { throw ExitCode.failure }
  }

  private func problems(_ checkpoint: Checkpoint) throws -> [String] {
    let interruption = CancellationFlag()
    let interrupts = Interrupts { interruption.cancel() }
    defer { interrupts.stop() }
    let line = ProgressLine()
    var problems = checkpoint.layoutProblems()
    for file in checkpoint.files {
      line.show("checksum of \(FileSystem.lastComponent(file))")
      if try KnownDigests.check(file) == false {
        problems.append("\(FileSystem.lastComponent(file)): the checksum differs; download the file again")
      }
    }
    problems += try WeightVerification(checkpoint).problems(threads: compute.threadCount) { done, total in
      guard !interruption.isCancelled else { throw CommandError("interrupted") }
      line.show("\(done * 100 / max(1, total))%")
    }
    line.clear()
    return problems
  }
}
