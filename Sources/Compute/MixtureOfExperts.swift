/// How a router's logits become a choice of experts for each token.
public struct RoutingSettings {
  /// What turns logits into weights.
  public enum Scoring: Sendable, Hashable {
    /// Softmax over the chosen experts' logits alone (GPT-OSS).
    case softmaxOverChosen
    /// Softmax over all experts, then the choice (Qwen).
    case softmax
    /// A sigmoid of each logit (Ling, DeepSeek V3, GLM).
    case sigmoid
  }

  /// Experts for each token.
  public var count: Int
  /// What turns logits into weights.
  public var scoring: Scoring
  /// Divide the chosen experts' weights by their sum.
  public var normalises: Bool
  /// Factor on the weights in the end.
  public var scale: Float
  /// Added to the scores for choosing, not for weighing: [experts].
  public var correction: Parameter?
  /// Experts lie in so many groups of equal size, of which only `keptGroups` take part; 1 for no groups.
  public var groups: Int
  /// Groups that take part, those with the largest sums of their two best corrected scores.
  public var keptGroups: Int

  /// A choice of `count` experts.
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

/// The feed-forward blocks of a mixture's experts: down(activation(gate x) * up x) for each.
public struct ExpertLayers {
  /// Where the gate's and the up projection's rows are.
  public enum Input {
    /// Two stacks, each [experts, inner, hidden], with biases [experts, inner].
    case separate(gate: Linear, up: Linear)
    /// One stack [experts, 2 * inner, hidden] whose even rows are the gate's and odd rows the up
    /// projection's (OpenAI's checkpoint), with biases [experts, 2 * inner].
    case interleaved(Linear)
  }

  /// Gate and up projection.
  public var input: Input
  /// [experts, hidden, inner], with biases [experts, hidden].
  public var down: Linear
  /// The gate.
  public var activation: Activation

  /// Experts with these projections.
  public init(input: Input, down: Linear, activation: Activation) {
    self.input = input
    self.down = down
    self.activation = activation
  }
}
