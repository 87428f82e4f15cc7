import Basics

/// The weights of a GGUF model with one or several files.
struct GGUFStore: WeightStore {
  let files: [MappedFile]
  let names: [String]
  let metadata: GGUFMetadata
  private let shards: [GGUFFile]
  private let places: [ExactString: (shard: Int, tensor: Int)]

  private static let maxShards = 10_000

  /// Opens the model of the file at `path`, which may be any of its shards.
  init(_ path: String) throws(FileError) {
    let opened = try GGUFFile(path)
    let count = try opened.metadata.optionalInteger("split.count") ?? 1
    let shards = count > 1 ? try Self.allShards(count, one: opened) : [opened]
    var names: [String] = []
    var places: [ExactString: (shard: Int, tensor: Int)] = [:]
    for (shard, file) in shards.enumerated() {
      for (index, tensor) in file.tensors.enumerated() {
        guard places.updateValue((shard, index), forKey: ExactString(tensor.name)) == nil else {
          throw FileError(
            .damaged, file: file.mapping.path, place: "tensor \(tensor.name)", "also in an earlier shard")
        }
        names.append(tensor.name)
      }
    }
    if let total = try shards[0].metadata.optionalInteger("split.tensors.count"), total != names.count {
      throw FileError(
        .incomplete, file: path, "the shards have \(names.count) tensors, but split.tensors.count is \(total)"
      )
    }
    self.shards = shards
    self.names = names
    self.places = places
    metadata = shards[0].metadata
    files = shards.map(\.mapping)
  }

  /// The shards of a model, in order. The first has the metadata.
  private static func allShards(_ count: Int, one: GGUFFile) throws(FileError) -> [GGUFFile] {
    let path = one.mapping.path
    guard let name = ShardName(FileSystem.lastComponent(path), suffix: ".gguf"), name.count == count,
      count <= maxShards
    else {
      throw FileError(
        .incomplete, file: path, "is one of \(count) shards, but its name has no shard number",
        advice: "name the shards NAME-00001-of-\(count).gguf, with five digits each")
    }
    var shards: [GGUFFile] = []
    for index in 1...count {
      let part = FileSystem.join(FileSystem.folder(of: path), name.name(index))
      guard index == name.index || FileSystem.kind(part) != .nothing || FileSystem.isLink(part) else {
        throw FileError(
          .incomplete, file: part, "this shard is missing", advice: "download it into the same folder")
      }
      let file = index == name.index ? one : try GGUFFile(part)
      guard try file.metadata.optionalInteger("split.no") == index - 1 else {
        throw FileError(
          .damaged, file: part, place: "split.no", "does not match the file name, which requires \(index - 1)"
        )
      }
      shards.append(file)
    }
    return shards
  }

  var tensors: [StoredTensor] {
    shards.enumerated().flatMap { index, shard in
      shard.tensors.map {
        StoredTensor(name: $0.name, type: "\($0.type)", shape: $0.shape, file: index, bytes: $0.bytes)
      }
    }
  }

  func contains(_ name: String) -> Bool { places[ExactString(name)] != nil }

  func shape(_ name: String) -> [Int]? {
    places[ExactString(name)].map { shards[$0.shard].tensors[$0.tensor].shape }
  }

  func weight(_ name: String) throws(FileError) -> Weight? {
    guard let place = places[ExactString(name)] else { return nil }
    return try shards[place.shard].weight(shards[place.shard].tensors[place.tensor])
  }

  var formatProblem: String? {
    for shard in shards {
      for tensor in shard.tensors where tensor.type.format == nil {
        return "the tensor \(tensor.name) is stored as \(tensor.type), which is not supported"
      }
    }
    return nil
  }

  var parameters: Int {
    shards.reduce(0) { $0 + $1.tensors.reduce(0) { $0 &+ $1.numbers } }
  }

  var quantizationLabel: String {
    if case .integer(let number)? = metadata["general.file_type"], let name = Self.fileTypes[number] {
      return name
    }
    let tensors = shards.flatMap(\.tensors)
    return Self.predominantLabel(tensors.map { ("\($0.type)", $0.bytes.count) })
  }

  /// `enum llama_ftype` of llama.h: the quantisation mix of a file.
  static let fileTypes: [Int: String] = [
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
    26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16",
    36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4", 40: "Q1_0",
  ]
}
