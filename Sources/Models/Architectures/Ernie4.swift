/// ERNIE 4.5's dense models (baidu/ERNIE-4.5-0.3B-PT): Llama's layers, whose rotated pairs are adjacent.
enum Ernie4 {
  static let architecture = Architecture("ernie4_5") { configuration, weights in
    let shape = try DecoderShape(configuration, tiedByDefault: true)
    let rotary = try configuration.rotaryTable(headSize: shape.headSize, interleaved: true)
    return try PreNormDecoder(tiedByDefault: true, rotary: rotary).model(configuration, weights)
  }
}
