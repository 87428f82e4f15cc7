import Checkpoints
import Compute
import Conversation
import Generation
import Synchronization
import TerminalInterface

/// The chat's engine on this machine: finds and opens models, renders conversations with the current one's
/// template, passes on what the generator gives, and reads ahead while nobody waits.
actor LocalChatEngine: ChatEngine {
  let generator: Generator
  private let finder: ModelFinder
  private let threads: Int
  private let cacheFormat: CacheFormat
  /// Models that were opened and are still in memory, by their keys.
  private(set) var opened: [String: Open] = [:]
  private(set) var current: Open?
  /// What stops the answer that was asked for last.
  let cancellation = Mutex<CancellationFlag?>(nil)
  /// The session that the person is in.
  var session: String?
  /// Goes on with everything that the person does; what was to be read ahead before it is stale.
  let moment = Atomic<Int>(0)

  /// A model that can answer.
  struct Open {
    let key: String
    let model: OpenedModel
    let info: ModelInfo
    /// Whether states must be kept on the way, because the model's caches cannot be cut back.
    let needsSnapshots: Bool
    /// Prompt tokens read a second, as measured last.
    var promptRate: Double?
  }

  /// - Parameter store: where caches are saved; nil for nowhere.
  init(
    finder: ModelFinder, threads: Int, cacheFormat: CacheFormat = .float16,
    limits: GeneratorLimits = GeneratorLimits(), store: CacheStore? = nil
  ) {
    self.finder = finder
    self.threads = threads
    self.cacheFormat = cacheFormat
    generator = Generator(limits: limits, store: store)
  }

  // Models

  func models() async -> [ModelSummary] { await models(for: nil) }

  func models(for conversation: ChatRequest?) async -> [ModelSummary] {
    var summaries: [ModelSummary] = []
    for entry in finder.entries() where entry.error == nil {
      let open = opened[Self.key(entry.path)]
      var summary = ModelSummary(
        name: entry.name, bytes: entry.bytes, quantisation: entry.quantization ?? "",
        isResident: open != nil)
      if let open, let conversation {
        (summary.cachedTokens, summary.estimatedSwitchSeconds) = await warmth(open, conversation)
      }
      summaries.append(summary)
    }
    return summaries
  }

  func currentModel() -> ModelInfo? { current?.info }

  func switchModel(to name: String) async throws -> ModelInfo {
    let path = try finder.resolve(name)
    let key = Self.key(path)
    if let known = opened[key] {
      giveWay()
      if await generator.use(key) {
        current = known
        return known.info
      }
    }
    let model = try OpenedModel(path: path)
    let (threads, format) = (threads, cacheFormat)
    // Only now: where the file is bad, what is being read for the model that stays goes on.
    giveWay()
    let facts = try await generator.load(key) {
      try model.load(precision: .fast, threads: threads, cacheFormat: format)
    }
    let info = ModelInfo(
      name: model.checkpoint.name, quantisation: model.checkpoint.quantizationLabel,
      contextLength: facts.contextLength, efforts: model.efforts())
    let open = Open(
      key: key, model: model, info: info, needsSnapshots: await generator.needsSnapshots(key))
    opened[key] = open
    let residents = Set(await generator.residentKeys)
    current = open
    if !residents.isSuperset(of: opened.keys) {
      opened = opened.filter { residents.contains($0.key) }
      await generator.releaseUnusedMemory()
    }
    if let session { await generator.restore(session: session, for: key) }
    return info
  }

  func noteSpeed(_ rate: Double, of key: String) {
    opened[key]?.promptRate = rate
    if current?.key == key { current?.promptRate = rate }
  }

  func defaultSettings() -> ChatSettings {
    var settings = ChatSettings()
    settings.topK = 40
    settings.minP = 0.05
    return settings
  }

  /// What tells one state of a model's files from another.
  static func key(_ path: String) -> String { ModelState.key(path) }
}
