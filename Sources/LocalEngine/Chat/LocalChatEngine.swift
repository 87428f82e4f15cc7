import Basics
import Checkpoints
import Compute
import Conversation
import Devices
import Generation
import Models
import Synchronization

/// The chat engine for local models: finds and opens models, renders conversations with the template of the current
/// model, translates the events of the generator, and prefills speculatively while it is idle.
actor LocalChatEngine: ChatEngine {
  let generator: Generator
  private let finder: ModelFinder
  private let threads: Int
  private let device: DeviceChoice
  private let cacheFormat: CacheFormat
  /// The draft model of models with the same vocabulary; nil for none.
  private let draft: DraftModel?
  /// The opened models that are still in memory, by key.
  private(set) var opened: [String: SelectedModel] = [:]
  /// The model for the next request. A running answer continues with its own model.
  private let selected = Mutex<SelectedModel?>(nil)
  /// Cancels the switch of models that loads one.
  private let loadCancellation = Mutex<CancellationFlag?>(nil)
  /// The controls of the last requested answer, and of alternatives that run together; the latest last.
  let controls = Mutex<[AnswerControls]>([])
  /// The current session.
  var session: String?
  /// The restores of caches from disk, finished or not, of the sessions in use.
  var restores: [RestoreKey: Task<Void, Never>] = [:]
  /// The offsets of the messages in the last prompts.
  var messageOffsets = MessageOffsets()
  /// Incremented by every action of the user; speculative prefill of an earlier epoch is outdated.
  let epoch = Atomic<Int>(0)

  /// An opened and loaded model.
  struct SelectedModel {
    let key: String
    let path: String
    let model: OpenedModel
    let info: ModelInfo
    /// Whether prefill must take snapshots, because the caches of the model cannot be truncated.
    let needsSnapshots: Bool
    /// The key of the draft model; nil without one.
    let draft: String?
  }

  /// Cancels an answer, or ends its reasoning.
  struct AnswerControls {
    let turn: Int
    let cancellation = CancellationFlag()
    let answerNow = AnswerNowFlag()
  }

  /// - Parameter store: the store for caches on disk; nil to save none.
  init(
    finder: ModelFinder, threads: Int, device: DeviceChoice, cacheFormat: CacheFormat,
    limits: GeneratorLimits,
    draft: DraftModel?, store: CacheStore?, turnFile: String?
  ) {
    self.draft = draft
    self.finder = finder
    self.threads = threads
    self.device = device
    self.cacheFormat = cacheFormat
    generator = Generator(limits: limits, store: store, turnFile: turnFile)
  }

  // Models

  func models() async -> [ModelSummary] { await models(for: nil) }

  func models(for conversation: ChatRequest?) async -> [ModelSummary] {
    let finder = finder
    let entries = await OwnThread.run { finder.entries() }
    let cached = cachedParts(conversation)
    let residents = Set(generator.residentKeys)
    return entries.filter { $0.problem == nil }.map { entry in
      let key = Self.key(entry.path)
      return ModelSummary(
        name: entry.name, bytes: entry.bytes, quantisation: entry.quantization ?? "",
        isResident: residents.contains(key), cachedTokens: cached[key]?.reusable ?? 0,
        unreadTokens: cached[key]?.unread, estimatedSwitchSeconds: cached[key]?.seconds)
    }
  }

  nonisolated var current: SelectedModel? { selected.withLock { $0 } }

  func currentModel() -> ModelInfo? { current?.info }

  func switchModel(
    to name: String, progress: @escaping @Sendable (_ percent: Int) -> Void
  ) async throws -> ModelInfo {
    let cancellation = CancellationFlag()
    loadCancellation.withLock { $0 = cancellation }
    defer { loadCancellation.withLock { $0 = nil } }
    let (entry, isNew) = try await open(
      model: name, observer: .slow(report: progress, isCancelled: { cancellation.isCancelled }))
    selected.withLock { $0 = entry }
    // Not awaited here, because it runs after an answer in progress. The next prefill or answer awaits it.
    if isNew, let session { startRestoring(session, entry.key) }
    return entry.info
  }

  nonisolated func cancelLoading() { loadCancellation.withLock { $0?.cancel() } }

  /// A model that is about to be loaded.
  struct OpeningModel {
    let key: String
    let name: String
    let bytes: Int
  }

  /// Opens and loads a model, unless it is in memory. Stops speculative prefill.
  /// - Parameters:
  ///   - observer: follows the load.
  ///   - waitForRoom: called before the weights are loaded.
  func open(
    model name: String, observer: LoadingObserver? = nil,
    waitForRoom: (OpeningModel) async throws -> Void = { _ in }
  ) async throws -> (entry: SelectedModel, isNew: Bool) {
    let (path, listedName) = try finder.resolveNamed(name)
    let key = Self.key(path)
    if let known = opened[key], generator.use(key) {
      if let draft = known.draft { _ = generator.use(draft) }
      stopReadAhead()
      return (known, false)
    }
    let model = try await OwnThread.run { try OpenedModel(path: path) }
    let (threads, format, device) = (threads, cacheFormat, device)
    let shownName = listedName ?? finder.name(at: path) ?? model.checkpoint.name
    try await waitForRoom(OpeningModel(key: key, name: shownName, bytes: model.checkpoint.fileBytes))
    // It must fit the first model only.
    let draft = try opened.isEmpty ? self.draft?.fitting(model) : (try? self.draft?.fitting(model)) ?? nil
    // Only after the model was opened: if that fails, the speculative prefill of the current model continues.
    stopReadAhead()
    if let draft {
      _ = try await generator.load(draft.key) {
        try draft.model.load(precision: .fast, threads: threads, cacheFormat: format, device: device)
      }
    }
    let facts = try await generator.load(key) {
      try model.load(
        precision: .fast, threads: threads, cacheFormat: format, device: device, observer: observer)
    }
    var info = ModelInfo(
      name: shownName,
      quantisation: model.checkpoint.quantizationLabel,
      contextLength: facts.contextLength, efforts: model.efforts())
    info.attentionShare = facts.attentionShare
    info.device = generator.device(of: key)?.name
    info.deviceNotice = generator.device(of: key)?.notice
    info.warning = generator.warning(about: key)
    let entry = SelectedModel(
      key: key, path: path, model: model, info: info, needsSnapshots: generator.needsSnapshots(key),
      draft: draft?.key)
    opened[key] = entry
    closeEvictedModels()
    // The model may have been evicted, with its caches, since an earlier restore.
    restores = restores.filter { $0.key.model != key }
    return (entry, true)
  }

  /// Closes the files of evicted models, which would otherwise stay mapped.
  func closeEvictedModels() {
    let residents = Set(generator.residentKeys)
    opened = opened.filter { residents.contains($0.key) }
  }

  func defaultSettings() -> ChatSettings {
    current?.model.defaultSettings ?? ChatSettings.defaults(recommended: RecommendedSampling())
  }

  /// The key of a model, which identifies the version of its files.
  static func key(_ path: String) -> String { ModelFingerprint.key(path) }
}

/// A chat engine for local models.
/// - Parameters:
///   - draft: the draft model of models with the same vocabulary; nil for none.
///   - store: the store for caches on disk; nil to save none.
///   - turnFile: see `Generator`.
package func localChatEngine(
  finder: ModelFinder, threads: Int, device: DeviceChoice = .processor, cacheFormat: CacheFormat = .float16,
  limits: GeneratorLimits = GeneratorLimits(), draft: DraftModel? = nil, store: CacheStore? = nil,
  turnFile: String? = nil
) -> any ChatEngine {
  LocalChatEngine(
    finder: finder, threads: threads, device: device, cacheFormat: cacheFormat, limits: limits,
    draft: draft, store: store, turnFile: turnFile)
}
