/// Helium (kyutai/helium-1-2b): Llama's layers, whose rotated pairs are adjacent.
enum Helium {
  static let architecture = Architecture("helium", mlx: .plain) { configuration, weights in
    let shape = try DecoderShape(configuration)
    let rotary = try configuration.rotaryTable(headSize: shape.headSize, interleaved: true)
    return try PreNormDecoder(rotary: rotary).model(configuration, weights)
  }
}
