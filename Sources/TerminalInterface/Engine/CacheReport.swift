/// What the prompt caches hold, for `/cache`. All sizes are in bytes.
public struct CacheReport: Sendable, Equatable {
  /// The caches of one model.
  public struct Entry: Sendable, Equatable {
    /// The model's name, as in the picker.
    public var model: String
    /// Sequences that are held: the branches of conversations, and snapshots of them.
    public var branches: Int
    /// Tokens that are held, those that branches share counted once.
    public var tokens: Int
    /// Memory that they take.
    public var bytes: Int
    /// True when the model is loaded now.
    public var isResident: Bool
    /// True when the current conversation is among what is held.
    public var holdsConversation: Bool

    /// The caches of a model with this name: branches, tokens, bytes; whether it is loaded, and whether the current
    /// conversation is among them.
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

  /// Memory that caches may take together.
  public var budget: Int
  /// Memory that they take.
  public var held: Int
  /// What saved caches may take on disk; 0 when none are saved.
  public var diskLimit: Int
  /// What they take there.
  public var diskHeld: Int
  /// The models that hold something, in the order in which they are to be shown.
  public var entries: [Entry]

  /// A report of memory and disk, each with its limit, and of what each model holds.
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
