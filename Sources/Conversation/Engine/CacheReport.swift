/// The contents of the prompt caches, for `/cache`. All sizes are in bytes.
public struct CacheReport: Sendable, Equatable {
  /// The caches of one model.
  public struct Entry: Sendable, Equatable {
    /// The model's name, as in the model menu.
    public var model: String
    /// The cached sequences: branches of conversations, and snapshots of them.
    public var branches: Int
    /// The cached tokens; those that branches share are counted once.
    public var tokens: Int
    /// The memory of these caches.
    public var bytes: Int
    /// True when the model is loaded now.
    public var isResident: Bool
    /// True when the current conversation is cached.
    public var holdsConversation: Bool

    /// The caches of a model: its name, branches, tokens and bytes, whether it is loaded, and whether the current
    /// conversation is cached.
    public init(
      model: String, branches: Int, tokens: Int, bytes: Int, isResident: Bool, holdsConversation: Bool
    ) {
      self.model = model
      self.branches = branches
      self.tokens = tokens
      self.bytes = bytes
      self.isResident = isResident
      self.holdsConversation = holdsConversation
    }
  }

  /// The memory limit of all caches.
  public var budget: Int
  /// The memory of all caches.
  public var held: Int
  /// The disk limit of saved caches; 0 when none are saved.
  public var diskLimit: Int
  /// The disk space of saved caches.
  public var diskHeld: Int
  /// The models with caches, in display order.
  public var entries: [Entry]

  /// A report of memory and disk use with their limits, and of the caches of each model.
  public init(
    budget: Int = 0, held: Int = 0, diskLimit: Int = 0, diskHeld: Int = 0, entries: [Entry] = []
  ) {
    self.budget = budget
    self.held = held
    self.diskLimit = diskLimit
    self.diskHeld = diskHeld
    self.entries = entries
  }
}
