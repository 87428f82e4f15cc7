import Basics
import Foundation

/// A well-known model for users who have none yet. The list is part of the program, so that no host is contacted to
/// show it; the hub may have changed since.
public struct SuggestedModel: Sendable, Equatable {
  /// The model's name.
  public let title: String
  /// The name for `HubName`.
  public let name: String
  /// The size of the files in bytes, rounded.
  public let bytes: Int
  /// What it is good for, in a few words.
  public let summary: String

  /// The models in ascending size. The sizes are those that the repositories' pages state.
  public static let all = [
    SuggestedModel(
      title: "LFM2 350M", name: "LiquidAI/LFM2-350M-GGUF:Q4_K_M", bytes: 229_000_000, summary: "to try it out"
    ),
    SuggestedModel(
      title: "SmolLM2 135M", name: "HuggingFaceTB/SmolLM2-135M-Instruct", bytes: 273_000_000,
      summary: "to try it out, not quantised"),
    SuggestedModel(
      title: "Qwen3 1.7B", name: "ggml-org/Qwen3-1.7B-GGUF:Q4_K_M", bytes: 1_280_000_000,
      summary: "small, reasons"),
    SuggestedModel(
      title: "Gemma 3 4B", name: "bartowski/google_gemma-3-4b-it-GGUF:Q4_K_M", bytes: 2_490_000_000,
      summary: "many languages"),
    SuggestedModel(
      title: "Qwen3 4B", name: "bartowski/Qwen_Qwen3-4B-GGUF:Q4_K_M", bytes: 2_500_000_000,
      summary: "for every day, reasons"),
    SuggestedModel(
      title: "Qwen3 8B", name: "bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M", bytes: 5_030_000_000,
      summary: "better and slower"),
    SuggestedModel(
      title: "gpt-oss 20B", name: "ggml-org/gpt-oss-20b-GGUF", bytes: 12_100_000_000,
      summary: "as fast as a 4B model, reasons"),
    SuggestedModel(
      title: "Qwen3 30B A3B", name: "ggml-org/Qwen3-30B-A3B-GGUF:Q4_K_M", bytes: 18_600_000_000,
      summary: "as fast as a 4B model, reasons"),
    SuggestedModel(
      title: "gpt-oss 120B", name: "ggml-org/gpt-oss-120b-GGUF", bytes: 63_400_000_000,
      summary: "for large machines, reasons"),
  ]

  /// The models that a machine can run and store, in ascending size, and the position of the one to propose: the largest
  /// whose weights take at most a sixth of the memory, which answers quickly beside other programs.
  /// - Parameters:
  ///   - memory: the bytes of the machine's memory.
  ///   - disk: the free bytes of the disk.
  public static func fitting(memory: Int, disk: Int) -> (models: [SuggestedModel], proposed: Int) {
    let models = all.filter { $0.bytes <= weightLimit(memory: memory) && $0.bytes < disk }
    return (models, models.lastIndex { $0.bytes <= memory / 6 } ?? 0)
  }

  /// The bytes that weights may have on a machine with this memory: the caches and other programs need the rest.
  public static func weightLimit(memory: Int) -> Int { memory / 10 * 6 }

  /// The free bytes of the disk that `folder`, or the nearest folder above it that exists, is on.
  public static func freeBytes(at folder: String) -> Int {
    var folder = folder
    while folder.count > 1, !FileSystem.isFolder(folder) { folder = FileSystem.folder(of: folder) }
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return .max }
    return Int(
      clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
  }
}
