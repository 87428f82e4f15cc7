import Basics

/// A model on disk and its properties.
public struct ModelEntry: Sendable, Equatable {
  /// The display name.
  public let name: String
  /// All names that find the model.
  public let names: [String]
  /// The path for `Checkpoint.open`.
  public let path: String
  /// Where it was found.
  public let origin: ModelOrigin
  /// What the files say.
  public let properties: Properties

  /// The properties that the files of a model determine.
  public struct Properties: Sendable, Equatable {
    /// The format; nil, like the following properties, if the model cannot be opened.
    public var kind: Checkpoint.Kind?
    /// The total size of the weight files in bytes, also if the model cannot be opened.
    public var bytes = 0
    /// The quantisation label, such as "Q4_K_M", "BF16" or "4-bit g64".
    public var quantization: String?
    /// The architecture, such as "llama" or "gpt_oss".
    public var architecture: String?
    /// The number of parameters.
    public var parameters: Int?
    /// Why Sotto cannot run the model; nil if it can.
    public var problem: String?
  }

  /// The format; nil, like the following properties, if the model cannot be opened.
  public var kind: Checkpoint.Kind? { properties.kind }
  /// The total size of the weight files in bytes, also if the model cannot be opened.
  public var bytes: Int { properties.bytes }
  /// The quantisation label, such as "Q4_K_M", "BF16" or "4-bit g64".
  public var quantization: String? { properties.quantization }
  /// The architecture, such as "llama" or "gpt_oss".
  public var architecture: String? { properties.architecture }
  /// The number of parameters.
  public var parameters: Int? { properties.parameters }
  /// Why Sotto cannot run the model: the error of opening it, or what it does not support; nil if it can.
  public var problem: String? { properties.problem }

  init(_ candidate: ModelCandidate, _ properties: Properties) {
    name = candidate.name
    names = candidate.names
    path = candidate.path
    origin = candidate.origin
    self.properties = properties
  }
}

extension ModelEntry.Properties {
  /// Reads the properties of a model from its files.
  /// - Parameter vocabularies: the sizes of the vocabularies of the same listing.
  init(
    reading path: String, _ vocabularies: VocabularyLengths, _ problem: (CheckpointSummary) -> String?
  ) {
    do {
      let summary = try Checkpoint.summary(of: path, vocabularies)
      kind = summary.kind
      bytes = summary.fileBytes
      quantization = summary.quantizationLabel
      architecture = summary.architecture
      parameters = summary.parameters
      self.problem = problem(summary)
    } catch {
      bytes = ModelFolder.weightBytes(path)
      self.problem = "\(error)"
    }
  }

  /// The properties in an index; nil if it is damaged.
  init?(_ json: JSON) {
    guard let bytes = json["bytes"]?.asInteger else { return nil }
    self.bytes = bytes
    kind = json["format"]?.asString.flatMap(Checkpoint.Kind.init)
    quantization = json["quantization"]?.asString
    architecture = json["architecture"]?.asString
    parameters = json["parameters"]?.asInteger
    problem = json["problem"]?.asString
  }

  /// The object for the index.
  var json: JSON {
    [
      "bytes": .integer(bytes),
      "format": kind.map { .string($0.rawValue) } ?? .null,
      "quantization": quantization.map { .string($0) } ?? .null,
      "architecture": architecture.map { .string($0) } ?? .null,
      "parameters": parameters.map { .integer($0) } ?? .null,
      "problem": problem.map { .string($0) } ?? .null,
    ]
  }
}
