import ArgumentParser
import Basics
import Checkpoints
import Foundation
import Generation
import LocalEngine
import Quantization
import Templates
import TerminalInterface

/// `sotto quantize`: makes a smaller copy of a model.
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize", abstract: "Make a smaller copy of a model.",
    discussion: """
      The model is a folder of safetensors files with unquantised or FP8 weights. The copy is a folder in MLX's format, \
      which mlx-lm reads as well; its weights are bit for bit those of 'mlx_lm.convert -q'. With gguf:NAME, where NAME \
      is Q4_K_M, Q5_K_M, Q6_K, Q8_0, BF16, F16 or F32, it is a GGUF file for llama.cpp and others.
      """)

  @Argument(help: "The folder of a model, or a name from 'sotto models'.", completion: .model)
  var model: String

  @Option(help: "q8, q6, q5, q4, q3, q2, mxfp4, mxfp8, nvfp4, or gguf:NAME.")
  var to: String

  @Option(help: "Columns that share a scale: 32, 64 (the default) or 128.")
  var group: Int?

  @Flag(help: "Give more bits to the layers that need them most.")
  var mixed = false

  @Option(name: .shortAndLong, help: "The folder or file to write. It must not exist.")
  var output: String

  @OptionGroup var compute: ComputeOptions

  func run() throws {
    let checkpoint = try Checkpoint.open(ModelFinder.from(UserSettings.load()).resolve(model))
    let interruption = CancellationFlag()
    let interrupts = Interrupts { interruption.cancel() }
    defer { interrupts.stop() }
    let line = ProgressLine()
    func show(_ done: Int, _ total: Int) throws {
      guard !interruption.isCancelled else { throw CommandError("interrupted; nothing was written") }
      line.show("\(done * 100 / max(1, total))%")
    }
    let size: (bytes: Int, bits: Double)
    if to.lowercased().hasPrefix("gguf:") {
      guard group == nil, !mixed else {
        throw CommandError("--group and --mixed are for MLX's format; GGUF's mixes have both in their names")
      }
      let work = try GGUFQuantization(
        checkpoint, to: GGUFTarget(name: String(to.dropFirst("gguf:".count))),
        template: ChatTemplate.source(in: checkpoint))
      try work.write(to: output, threads: compute.threadCount, progress: show)
      size = (work.bytes, work.bitsPerParameter)
    } else {
      let target = try QuantizationTarget(name: to, group: group)
      let work = try ModelQuantization(checkpoint, to: target, mixed: mixed)
      try work.write(to: output, threads: compute.threadCount, progress: show)
      size = (work.bytes, work.bitsPerParameter)
    }
    line.clear()
    let bits = String(format: "%.2f", size.bits)
    Console.out("\(output) (\(ModelTable.size(size.bytes)), \(bits) bits per parameter)\n")
  }
}

/// A line on a terminal that is rewritten in place, at most five times a second.
final class ProgressLine {
  private let isTerminal = isatty(STDERR_FILENO) != 0
  private var shown: TimeInterval = 0

  func show(_ text: String) {
    let now = ProcessInfo.processInfo.systemUptime
    guard isTerminal, now - shown > 0.2 else { return }
    shown = now
    Console.status("\r\u{1B}[K" + text)
  }

  func clear() { if isTerminal { Console.status("\r\u{1B}[K") } }
}
