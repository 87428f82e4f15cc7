import Conversation

/// Whether a conversation can fit into a context, judged by the length of its text alone.
///
/// Speculative work asks this before it renders and encodes a conversation, which takes several times the memory of the
/// text. An answer does not ask: it needs the exact number of tokens.
package enum ContextBound {
  /// Bytes of text per token of the context beyond which a conversation is not prefilled ahead. Prose has 4 to 5 bytes
  /// per token, program code with its indentation up to 8.
  static let bytesPerToken = 16

  /// - Parameters:
  ///   - bytes: the bytes of all messages.
  ///   - context: the length of the context in tokens; 0 when it is unknown.
  package static func mayFit(bytes: Int, context: Int) -> Bool {
    let (limit, isUnlimited) = context.multipliedReportingOverflow(by: bytesPerToken)
    return context <= 0 || isUnlimited || bytes <= limit
  }
}

extension LocalChatEngine.SelectedModel {
  /// Whether a conversation can fit into the context of the model. O(messages). Reasoning does not count: templates may
  /// drop it.
  func mayFit(_ messages: [Message]) -> Bool {
    let bytes = messages.reduce(0) { $0 + $1.content.utf8.count }
    return ContextBound.mayFit(bytes: bytes, context: info.contextLength)
  }
}
