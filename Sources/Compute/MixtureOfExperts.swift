/// How a router's logits select the experts of each token.
public struct RoutingSettings {
  /// How logits become weights.
  public enum Scoring: Sendable, Hashable {
    /// Softmax over the chosen experts' logits alone (GPT-OSS).
    case softmaxOverChosen
    /// Softmax over all experts, before the selection (Qwen).
    case softmax
    /// A sigmoid of each logit (Ling, DeepSeek V3, GLM).
    case sigmoid
    /// For each chosen expert, a softmax over the experts not chosen before it whose logits are at most 2 * `jitter`
    /// (of the larger magnitude) below its own (SparseMixer, arXiv:2409.12136; Phi-3.5-MoE).
    case sparseMixer(jitter: Float)
  }

  /// The score by which groups of experts compete.
  public enum GroupScore: Sendable, Hashable {
    /// The sum of the group's two best corrected scores (DeepSeek V3).
    case twoBest
    /// The group's best score (DeepSeek V2).
    case best
  }

  /// The number of experts per token.
  public var count: Int
  /// How logits become weights.
  public var scoring: Scoring
  /// Whether the weights of the selected experts are divided by their sum.
  public var normalises: Bool
  /// A final factor on the weights.
  public var scale: Float
  /// Added to the scores for the selection, not for the weights: [experts].
  public var correction: Parameter?
  /// Factors on the weights of each expert, after everything else: [experts] (Gemma 4).
  public var factors: Parameter?
  /// The number of groups of equal size, of which only `keptGroups` take part; 1 for no groups.
  public var groups: Int
  /// The number of groups that take part: those with the largest scores.
  public var keptGroups: Int
  /// How groups are ranked.
  public var groupScore = GroupScore.twoBest

  /// A selection of `count` experts.
  public init(
    count: Int, scoring: Scoring, normalises: Bool = false, scale: Float = 1, correction: Parameter? = nil,
    groups: Int = 1, keptGroups: Int = 1
  ) {
    self.count = count
    self.scoring = scoring
    self.normalises = normalises
    self.scale = scale
    self.correction = correction
    self.groups = groups
    self.keptGroups = keptGroups
  }
}

/// The feed-forward blocks of a mixture's experts: down(activation(gate x) * up x).
public struct ExpertLayers {
  /// The layout of the gate and up projections.
  public enum Input {
    /// Two stacks, each [experts, inner, hidden], with biases [experts, inner].
    case separate(gate: Linear, up: Linear)
    /// One stack [experts, 2 * inner, hidden] with the gate in even and the up projection in odd rows (OpenAI's
    /// checkpoint), with biases [experts, 2 * inner].
    case interleaved(Linear)
    /// One stack [experts, inner, hidden] without a gate: down(activation(up x)) (Nemotron-H).
    case single(Linear)
  }

  /// Gate and up projection.
  public var input: Input
  /// [experts, hidden, inner], with biases [experts, hidden].
  public var down: Linear
  /// The activation of the gate.
  public var activation: Activation

  /// Experts with these projections.
  public init(input: Input, down: Linear, activation: Activation) {
    self.input = input
    self.down = down
    self.activation = activation
  }
}
