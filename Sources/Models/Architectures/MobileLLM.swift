/// MobileLLM (arXiv:2402.14905): Llama's layers, deep and thin, with one matrix for embeddings and output head. In the LS
/// variants each layer runs twice, with a cache for each run.
enum MobileLLM {
  static let architecture = Architecture("mobilellm", shapes: [SyntheticShape.mobileLLM]) {
    configuration, weights in
    let sharesLayers = try configuration.bool("layer_sharing", default: false)
    // The key of transformers is false in these files, whatever the model does.
    let sharesEmbedding = try configuration.bool("share_embedding", default: true)
    return try PreNormDecoder(runsOfLayer: sharesLayers ? 2 : 1).model(
      configuration.setting("tie_word_embeddings", .bool(sharesEmbedding)), weights)
  }
}
