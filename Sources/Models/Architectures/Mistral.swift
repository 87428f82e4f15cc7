/// Mistral 7B (arXiv:2310.06825): Llama's layers, each with a sliding window if the configuration has one. In GGUF files
/// its name is llama.
enum Mistral {
  static let architecture = Architecture("mistral") { configuration, weights in
    let layers = try configuration.integer("num_hidden_layers", 1...4096)
    let windows = try configuration.windows(count: layers) { _ in true }
    return try PreNormDecoder(windows: windows).model(configuration, weights)
  }
}
