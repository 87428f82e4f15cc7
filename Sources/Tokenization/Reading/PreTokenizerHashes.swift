import Basics

/// The names of pre-tokenizers in GGUF files by the tokens of one text, as llama.cpp's converter recognises them.
package enum PreTokenizerHashes {
  /// A text that most pre-tokenizers cut differently: spaces, emoji, digits, several scripts, quotation marks and
  /// contractions. The same as in llama.cpp's convert_hf_to_gguf_update.py.
  package static let text =
    "\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n\u{1F680} (normal) \u{1F636}\u{200D}\u{1F32B}"
    + "\u{FE0F} (multiple emojis concatenated) \u{2705} \u{1F999}\u{1F999} 3 33 333 3333 33333 333333 3"
    + "333333 33333333 3.3 3..3 3...3 \u{1780}\u{17B6}\u{1793}\u{17CB}\u{178F}\u{17C2}\u{1796}\u{17B7}"
    + "\u{179F}\u{17C1}\u{179F}\u{17A2}\u{17B6}\u{1785}\u{1F601} ?\u{6211}\u{60F3}\u{5728}apple\u{5DE5}"
    + "\u{4F5C}1314151\u{5929}\u{FF5E} ------======= \u{43D}\u{435}\u{449}\u{43E} \u{43D}\u{430} "
    + "\u{411}\u{44A}\u{43B}\u{433}\u{430}\u{440}\u{441}\u{43A}\u{438} ''''''```````\"\"\"\"......!!!!!"
    + "!?????? I've been 'told he's there, 'RE you sure? 'M not sure I'll make it, 'D you like some tea"
    + "? We'Ve a'lL"

  /// The SHA-256 of the list of tokens as Python writes it.
  package static func digest(of tokens: [Int32]) -> String {
    SHA256.hexadecimal("[\(tokens.map(String.init).joined(separator: ", "))]".utf8)
  }

  /// The name for the SHA-256 of the tokens' list as Python writes it; nil for one that is not known.
  package static func name(_ digest: String) -> String? {
    let key = String(digest.prefix(16))
    return known.first { $0.hashes.contains(key) }?.name
  }

  /// The first 16 digits of the hashes.
  private static let known: [(name: String, hashes: [String])] = [
    ("chatglm-bpe", ["b6e8e1518dc4305b", "81d72c7348a9f0eb"]),
    ("glm4", ["a1336059768a55c9", "9ca2dd618e8afaf0", "cdf5f35325780597"]),
    ("minerva-7b", ["1431a23e583c9743"]),
    ("hunyuan", ["7e57df22b1fe23a7"]),
    ("hunyuan-dense", ["bba3b3366b646dbd"]),
    ("hy_v4", ["e6ddf9c6686791c1"]),
    ("falcon-h1", ["a6b57017d60e6edb", "60476e1243776c4f", "3eda48b4c4dc7de7", "48f8e02c0359c0bb"]),
    ("kimi-k2", ["81212dc7cdb7e0c1"]),
    ("qwen2", ["d4540891389ea895", "e636dc30a262dcc0"]),
    ("qwen35", ["1444df51289cfa80", "d30d75d9059f1aa2"]),
    ("grok-2", ["66b8d4e19ab16c3b"]),
    ("jina-v2-de", ["b3d1dd861f1d4c5c", "27949a2493fc4a9f"]),
    ("gpt-2", ["0fe1cf6eda062318", "3ce83efda5659b07"]),
    ("lfm2", ["9e454714343b69b9", "169bf0296a13c4d9"]),
    ("gemma4", ["846deafc5b0fa786"]),
    ("spark2_5", ["0a766d034107bc73"]),
    ("llama-bpe", ["0ef9807a4087ebef"]),
    ("deepseek-llm", ["049ecf7629871e30"]),
    ("deepseek-coder", ["347715f544604f91"]),
    ("falcon", ["8aeee3860c56296a"]),
    ("jina-v2-en", ["0876d13b50744004"]),
    ("falcon3", ["9d032fcbd5501f4a"]),
    ("bert-bge-large", ["8e62295832751ca1"]),
    ("olmo", ["b6dc8df998e1cfbd"]),
    ("starcoder", ["35d91631860c815f"]),
    ("stablelm2", ["32d85c31273f8019"]),
    ("refact", ["6221ad2852e85ce9"]),
    ("command-r", ["9c2227e4dd922002"]),
    ("tiny_aya", ["d772b220ace2baec"]),
    ("cohere2moe", ["52df12b4c8d4176e"]),
    ("dbrx", ["a8594e3edff7c29c"]),
    ("jina-v1-en", ["c7699093ba4255a9"]),
    ("jina-v2-es", ["171aeeedd6fb548d"]),
    ("jina-v5-nano", ["a023e9fdc5a11f03"]),
    ("smaug-bpe", ["c136ed14d01c2745"]),
    ("poro-chat", ["c7ea5862a53e4272"]),
    ("jina-v2-code", ["7967bfa498ade6b7"]),
    ("viking", ["7fc505bd3104ca10"]),
    ("jais", ["b53802fb28e26d64"]),
    ("jais-2", ["bc5108ee1eb6a3d6"]),
    ("codeshell", ["7b3e7548e4308f52"]),
    ("tekken", ["63b97e4253352e6f"]),
    ("smollm", ["855059429035d75a"]),
    ("bloom", ["3c30d3ad1d6b6420"]),
    ("gpt3-finnish", ["bc01ce58980e1db4"]),
    ("exaone", ["4e2b24cc4770243d"]),
    ("phi-2", ["fcace8b9cac38ce8"]),
    ("chameleon", ["60824e3c0d9401f8"]),
    ("roberta-bpe", ["8b5a93ed70405748"]),
    ("gigachat", ["ad851be1dba641f2"]),
    ("megrez", ["d4c8f286ea6b520b"]),
    ("deepseek-v3", ["877081d19cf6996e"]),
    ("deepseek-r1-qwen", ["b3f499bb4255f8ca"]),
    ("gpt-4o", ["ccc2ef013c104be7"]),
    ("superbpe", ["7dec86086fcc38b6"]),
    ("trillion", ["1994ffd01900cfb3"]),
    ("bailingmoe", ["96a5f08be6259352"]),
    ("llama4", ["d353350c764d8c3b"]),
    ("pixtral", ["0e9433cbbb161f89"]),
    ("seed-coder", ["d5f1dd6f980fec56"]),
    ("a.x-4.0", ["b0a6b1c0bd5998eb"]),
    ("midm-2.0", ["f6791d196f87ce6b"]),
    ("exaone4", ["2085e1638f6c377a"]),
    ("mellum", ["a1e163ecab2e718a"]),
    ("modern-bert", ["a0b64b4385f12366"]),
    ("afmoe", ["49fc0303c9e0d2c2"]),
    ("bailingmoe2", ["9b1be57e70d20d95"]),
    ("granite-docling", ["53e325976a6e1423"]),
    ("minimax-m2", ["f4f37b6c8eb9ea29"]),
    ("kormo", ["4a2e2abae11ca2b8"]),
    ("youtu", ["9d70134b369a70e5"]),
    ("solar-open", ["16389f0a1f51ee53"]),
    ("exaone-moe", ["6c81ce329e080288"]),
    ("joyai-llm", ["b4b8ca1f9769494f"]),
    ("kanana2", ["e4d54df1ebc1f2b9"]),
    ("f2llmv2", ["862f827721df9560"]),
    ("sarvam-moe", ["62f6fb0a6fd5098c"]),
    ("talkie", ["f728162c1315c26e"]),
    ("minicpm5", ["36f3066e97b7f399"]),
    ("granite-embed-multi-97m", ["f241072145675bf8"]),
    ("granite-embed-multi-311m", ["789696f5946cc0fc"]),
    ("mellum2", ["9dcf830ee9990cdb"]),
    ("laguna", ["972da7b59cec44d1"]),
    ("ufakzeka", ["653660222fb704f6"]),
  ]
}
