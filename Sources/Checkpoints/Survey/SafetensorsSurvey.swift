import Basics

/// Adds up the tensors of safetensors files for a summary, without a table of the weights. It handles what most models
/// have: floating-point tensors, and layers that MLX has packed with the same settings.
struct SafetensorsSurvey {
  private var parameters = 0
  /// The bytes of float64, float32, float16 and bfloat16.
  private var plainBytes: [SafetensorsType: Int] = [:]
  private var names = NameHashes()
  // MLX's planes, by the names of their layers.
  private var (words, scales, biases) = (NameHashes(), NameHashes(), NameHashes())
  private var (wordCount, groupCount, biasCount) = (0, 0, 0)

  /// The summary of a folder; nil for one that has to be opened: no or damaged safetensors files, other formats of weights,
  /// or settings of single layers.
  static func summary(_ folder: ModelFolder) -> CheckpointSummary? {
    guard let files = try? folder.safetensorsNames(), !files.isEmpty, folder.has("config.json"),
      let configuration = try? folder.configuration(), let settings = Settings(configuration)
    else { return nil }
    var survey = SafetensorsSurvey()
    var bytes = 0
    for name in files {
      guard let file = try? SafetensorsFile(FileSystem.join(folder.path, name)) else { return nil }
      bytes += file.mapping.count
      for tensor in file.tensors { guard survey.add(tensor, settings) else { return nil } }
    }
    guard survey.isWhole(settings) else { return nil }
    return CheckpointSummary(
      kind: .safetensors, architecture: configuration["model_type"]?.asString,
      languageModel: Checkpoint.languageModel(configuration),
      quantizationLabel: survey.label(settings), formatProblem: nil, hasVocabulary: folder.hasVocabulary,
      parameters: survey.parameters, fileBytes: bytes)
  }

  /// How a model is packed.
  private enum Settings {
    case plain
    case packed(QuantizationSettings)

    /// Nil for other quantisations than MLX's, and for one with settings of single layers.
    init?(_ configuration: JSON) {
      guard let all = configuration["quantization"] else {
        guard configuration["quantization_config"] == nil, configuration["compression_config"] == nil else {
          return nil
        }
        self = .plain
        return
      }
      guard case .packed(let settings)? = QuantizationSettings.of("", in: configuration),
        let entries = all.asObject, settings.mode == .affine,
        entries.values.allSatisfy({ $0.asObject == nil && $0.asBool == nil })
      else { return nil }
      self = .packed(settings)
    }
  }

  /// Adds a tensor; false for one that only a table of all tensors can tell the meaning of.
  private mutating func add(_ tensor: SafetensorsTensor, _ settings: Settings) -> Bool {
    var name = tensor.name
    return name.withUTF8 { utf8 in
      let name = UnsafeRawBufferPointer(utf8)
      guard names.add(name) else { return false }
      switch tensor.type {
      case .uint32:
        guard case .packed(let settings) = settings, let layer = Self.base(name, ".weight") else {
          return false
        }
        wordCount += tensor.numbers
        parameters &+= tensor.numbers * 32 / settings.bits
        return words.add(layer)
      case .float64, .float32, .float16, .bfloat16:
        if case .packed = settings {
          if let layer = Self.base(name, ".scales") {
            groupCount += tensor.numbers
            return scales.add(layer)
          }
          if let layer = Self.base(name, ".biases") {
            biasCount += tensor.numbers
            return biases.add(layer)
          }
        }
        parameters &+= tensor.numbers
        plainBytes[tensor.type, default: 0] += tensor.bytes.count
        return true
      default: return false
      }
    }
  }

  /// Whether every packed layer has its planes, of the right size together, and no name occurs twice.
  private func isWhole(_ settings: Settings) -> Bool {
    if case .packed(let settings) = settings {
      guard words.matches(scales), words.matches(biases), biasCount == groupCount,
        groupCount * settings.groupSize * settings.bits == wordCount * 32
      else { return false }
    }
    return !names.mayRepeat()
  }

  private func label(_ settings: Settings) -> String {
    var sizes = plainBytes.map { ($0.key.description, $0.value) }
    if case .packed(let settings) = settings, wordCount > 0 {
      sizes.append(("\(settings.bits)-bit g\(settings.groupSize)", wordCount * 4))
    }
    return SafetensorsStore.predominantLabel(sizes)
  }

  /// A name without its suffix; nil if it does not have it.
  private static func base(_ name: UnsafeRawBufferPointer, _ suffix: StaticString) -> UnsafeRawBufferPointer?
  {
    let count = name.count - suffix.utf8CodeUnitCount
    guard count > 0,
      name[count...].elementsEqual(
        UnsafeBufferPointer(start: suffix.utf8Start, count: suffix.utf8CodeUnitCount))
    else { return nil }
    return UnsafeRawBufferPointer(rebasing: name[..<count])
  }
}
