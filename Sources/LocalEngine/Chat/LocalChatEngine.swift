import Basics
import Checkpoints
import Compute
import Conversation
import Generation
import Synchronization

/// The chat's engine on this machine: finds and opens models, renders conversations with the current one's
/// template, passes on what the generator gives, and reads ahead while nobody waits.
actor LocalChatEngine: ChatEngine {
  let generator: Generator
  private let finder: ModelFinder
  private let threads: Int
  private let cacheFormat: CacheFormat
  /// The sampling parameters in the user's settings file.
  private let sampling: RecommendedSampling
  /// Models that were opened and are still in memory, by their keys.
  private(set) var opened: [String: Open] = [:]
  /// The model that answers what is sent next; one that answers now goes on to its answer's end.
  private let chosen = Mutex<Open?>(nil)
  /// What the person may ask of the answer that was asked for last.
  let requests = Mutex<AnswerRequests?>(nil)
  /// The session that the person is in.
  var session: String?
  /// What is taken in from disk of the session for the model that was turned to.
  private(set) var restoring: Task<Void, Never>?
  /// Where the messages begin that prompts were asked for last.
  var beginnings = MessageBeginnings()
  /// Goes on with everything that the person does; what was to be read ahead before it is stale.
  let moment = Atomic<Int>(0)

  /// A model that can answer.
  struct Open {
    let key: String
    let model: OpenedModel
    let info: ModelInfo
    /// Whether states must be kept on the way, because the model's caches cannot be cut back.
    let needsSnapshots: Bool
  }

  /// Stops an answer, or its thoughts.
  struct AnswerRequests {
    let cancellation = CancellationFlag()
    let answerNow = AnswerNowFlag()
  }

  /// - Parameter store: where caches are saved; nil for nowhere.
  init(
    finder: ModelFinder, threads: Int, cacheFormat: CacheFormat, limits: GeneratorLimits,
    sampling: RecommendedSampling, store: CacheStore?
  ) {
    self.sampling = sampling
    self.finder = finder
    self.threads = threads
    self.cacheFormat = cacheFormat
    generator = Generator(limits: limits, store: store)
  }

  // Models

  func models() async -> [ModelSummary] { await models(for: nil) }

  func models(for conversation: ChatRequest?) async -> [ModelSummary] {
    let finder = finder
    let entries = await OwnThread.run { finder.entries() }
    let warmth = warmth(conversation)
    let residents = Set(generator.residentKeys)
    return entries.filter { $0.error == nil }.map { entry in
      let key = Self.key(entry.path)
      return ModelSummary(
        name: entry.name, bytes: entry.bytes, quantisation: entry.quantization ?? "",
        isResident: residents.contains(key), cachedTokens: warmth[key]?.reusable ?? 0,
        unreadTokens: warmth[key]?.unread, estimatedSwitchSeconds: warmth[key]?.seconds)
    }
  }

  nonisolated var current: Open? { chosen.withLock { $0 } }

  func currentModel() -> ModelInfo? { current?.info }

  func switchModel(to name: String) async throws -> ModelInfo {
    let path = try finder.resolve(name)
    let key = Self.key(path)
    if let known = opened[key], generator.use(key) {
      giveWay()
      chosen.withLock { $0 = known }
      return known.info
    }
    let model = try await OwnThread.run { try OpenedModel(path: path) }
    let (threads, format) = (threads, cacheFormat)
    // Only now: where the file is bad, what is being read for the model that stays goes on.
    giveWay()
    let facts = try await generator.load(key) {
      try model.load(precision: .fast, threads: threads, cacheFormat: format)
    }
    let info = ModelInfo(
      name: model.checkpoint.name, quantisation: model.checkpoint.quantizationLabel,
      contextLength: facts.contextLength, efforts: model.efforts())
    let open = Open(key: key, model: model, info: info, needsSnapshots: generator.needsSnapshots(key))
    opened[key] = open
    letGo()
    chosen.withLock { $0 = open }
    // Not waited for: it comes behind an answer that is being written. What is read or answered next waits.
    if let session {
      let generator = generator
      restoring = Task { await generator.restore(session: session, for: key) }
    }
    return info
  }

  /// Forgets the files of models that have left memory, which would stay mapped.
  func letGo() {
    let residents = Set(generator.residentKeys)
    opened = opened.filter { residents.contains($0.key) }
  }

  func defaultSettings() -> ChatSettings {
    ChatSettings.defaults(
      recommended: current?.model.checkpoint.recommendedSampling ?? RecommendedSampling(), file: sampling)
  }

  /// What tells one state of a model's files from another.
  static func key(_ path: String) -> String { ModelFingerprint.key(path) }
}

/// The engine of this machine's models, as the chat sees it.
/// - Parameter store: where caches are saved; nil for nowhere.
package func localChatEngine(
  finder: ModelFinder, threads: Int, cacheFormat: CacheFormat = .float16,
  limits: GeneratorLimits = GeneratorLimits(), sampling: RecommendedSampling = RecommendedSampling(),
  store: CacheStore? = nil
) -> any ChatEngine {
  LocalChatEngine(
    finder: finder, threads: threads, cacheFormat: cacheFormat, limits: limits, sampling: sampling,
    store: store)
}
