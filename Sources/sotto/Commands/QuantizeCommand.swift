import ArgumentParser
import Basics
import Checkpoints
import Foundation
import Generation
import LocalEngine
import Quantization
import Templates
import TerminalInterface
import Tokenization

/// `sotto quantize`: makes a smaller copy of a model.
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize", abstract: "Make a smaller copy of a model.",
    discussion: """
      The model is a folder of safetensors files with unquantised or FP8 weights. The copy is a folder in MLX's format, \
      which mlx-lm reads as well; its weights are bit for bit those of 'mlx_lm.convert -q'. With gguf:NAME, where NAME \
      is Q4_K_M, Q4_K_S, Q5_K_M, Q5_K_S, Q6_K, Q8_0, BF16, F16 or F32, it is a GGUF file for llama.cpp and others.
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

  @Option(
    help: ArgumentHelp(
      "Compare the copy's predictions with the original's on the first 512 tokens of a text.",
      valueName: "file"))
  var compare: String?

  @OptionGroup var compute: ComputeOptions

  func run() throws {
    let checkpoint = try Checkpoint.open(ModelFinder.from(UserSettings.load()).resolve(model))
    let text = try compare.map(Self.text)
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
    guard let text else { return }
    defer { line.clear() }
    try report(checkpoint, text) { done, total in
      guard !interruption.isCancelled else { throw CommandError("interrupted; the copy is whole") }
      line.show("comparing \(done * 100 / max(1, total))%")
    }
  }

  /// Prints how far the copy's predictions are from the original's.
  private func report(_ original: Checkpoint, _ text: String, progress: (Int, Int) throws -> Void) throws {
    let tokenizer = try Tokenizer(checkpoint: original)
    let tokens = tokenizer.encode(text, addSpecial: true, parseSpecial: false).prefix(512)
    let found = try ModelDivergence(
      original, Checkpoint.open(output), tokens: Array(tokens), threads: compute.threadCount,
      progress: progress)
    Console.out(
      String(
        format:
          "KL divergence from the original: %.4f nats per token (largest %.3f); same best token: %.1f%% of %d\n",
        found.mean, found.largest, found.agreement * 100, found.tokens))
  }

  private static func text(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else {
      throw CommandError("\(path): cannot be read; --compare requires a file with some text")
    }
    return String(decoding: data, as: UTF8.self)
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
