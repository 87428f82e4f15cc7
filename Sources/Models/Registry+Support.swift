import Basics
import Checkpoints

extension Registry {
  /// Why a checkpoint cannot be run; nil if its architecture and the formats of its weights are supported. It reads no
  /// weights, so a model whose tensors contradict its configuration is found out only when it is loaded.
  public static func problem(with checkpoint: CheckpointSummary) -> String? {
    guard let name = checkpoint.architecture else { return "the files do not name an architecture" }
    if name == "clip" { return "a vision projector, not a language model" }
    let part = checkpoint.languageModel
    guard part.map(architecture(languageModel:)) ?? architecture(named: name, checkpoint.kind) != nil else {
      return "the architecture \(part ?? name) is not supported"
    }
    guard checkpoint.kind != .configurationOnly else { return "the folder has no weights" }
    return checkpoint.formatProblem
  }
}
