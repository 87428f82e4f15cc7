/// The program or the setting that a found model belongs to.
public enum ModelOrigin: String, Sendable, CaseIterable {
  /// Sotto's own folder.
  case sotto = "Sotto"
  case huggingFace = "Hugging Face"
  case ollama = "Ollama"
  case lmStudio = "LM Studio"
  case llamaCpp = "llama.cpp"
  /// A folder from the settings.
  case folder
}
