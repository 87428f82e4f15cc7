/// The special tokens that structure OpenAI's harmony format.
public enum HarmonyMarker: String, Sendable, CaseIterable {
  /// Starts the header of a message.
  case start = "<|start|>"
  /// Ends a message.
  case end = "<|end|>"
  /// Ends the header; the content follows.
  case message = "<|message|>"
  /// Precedes the name of the channel.
  case channel = "<|channel|>"
  /// Precedes the type of the content, such as json.
  case constrain = "<|constrain|>"
  /// Ends a message that calls a tool; the model waits for the result.
  case call = "<|call|>"
  /// Ends the model's turn.
  case `return` = "<|return|>"
  /// Starts a text of the training data; never part of a conversation.
  case startOfText = "<|startoftext|>"
  /// Ends a text of the training data.
  case endOfText = "<|endoftext|>"
  /// Any reserved special token.
  case reserved = "<|reserved|>"

  /// The token in the o200k_harmony vocabulary; nil for `reserved`, which stands for many.
  public var token: Int32? {
    switch self {
    case .startOfText: 199_998
    case .endOfText: 199_999
    case .return: 200_002
    case .constrain: 200_003
    case .channel: 200_005
    case .start: 200_006
    case .end: 200_007
    case .message: 200_008
    case .call: 200_012
    case .reserved: nil
    }
  }

  /// The marker of a token of the o200k_harmony vocabulary; nil for ordinary tokens.
  public init?(token: Int32) {
    guard (199_998...201_087).contains(token) else { return nil }
    self = Self.allCases.first { $0.token == token } ?? .reserved
  }

  /// The markers at which the model stops: its turn is over, or it waits for a tool.
  public static let stops: [HarmonyMarker] = [.return, .call, .endOfText]
}

/// A segment of a rendered or generated conversation: a special token, or text that never becomes one.
///
/// Text of users and tools is never encoded as special tokens, whatever it contains.
public enum HarmonySegment: Sendable, Equatable {
  case marker(HarmonyMarker)
  /// Encoded on its own, without special tokens.
  case text(String)
}

extension Sequence<HarmonySegment> {
  /// The segments as one text, for display: markers cannot be distinguished from text that looks like one.
  public var text: String {
    var text = ""
    for segment in self {
      switch segment {
      case .marker(let marker): text += marker.rawValue
      case .text(let part): text += part
      }
    }
    return text
  }

  /// The segments as tokens.
  ///
  /// - Parameter encode: encodes a text without special tokens.
  public func tokens(encode: (String) throws -> [Int32]) rethrows -> [Int32] {
    var tokens: [Int32] = []
    for segment in self {
      switch segment {
      case .marker(let marker): if let token = marker.token { tokens.append(token) }
      case .text(let text): tokens += try encode(text)
      }
    }
    return tokens
  }
}
