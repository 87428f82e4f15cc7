/// A token of an answer with its probability, for the token inspector.
public struct InspectedToken: Sendable, Equatable {
  /// A token that the model could have written instead.
  public struct Alternative: Sendable, Equatable {
    /// Its text; a part of a character is a replacement sign.
    public var text: String
    /// Between 0 and 1.
    public var probability: Double

    /// An alternative with its probability.
    public init(text: String, probability: Double) {
      (self.text, self.probability) = (text, probability)
    }
  }

  /// Its UTF-8 offset in the answer.
  public var offset: Int
  /// Its length in UTF-8 bytes.
  public var count: Int
  /// Between 0 and 1.
  public var probability: Double
  /// The most probable tokens at its place, itself possibly among them.
  public var alternatives: [Alternative]

  /// A token with its place and its alternatives.
  public init(offset: Int, count: Int, probability: Double, alternatives: [Alternative]) {
    (self.offset, self.count) = (offset, count)
    (self.probability, self.alternatives) = (probability, alternatives)
  }
}
