import Checkpoints
import Tokenization

/// A draft model for a chat, which may switch between large models. It is used with those that it fits.
package struct DraftModel: Sendable {
  package let model: OpenedModel
  /// Whether a model that it doesn't fit is an error: it was asked for.
  private let isRequired: Bool

  /// - Parameter isRequired: whether a model that it doesn't fit is an error.
  package init(_ model: OpenedModel, isRequired: Bool) {
    self.model = model
    self.isRequired = isRequired
  }

  /// The key of the draft model.
  var key: String { ModelFingerprint.key(model.checkpoint.path) }

  /// The draft model if it fits a large model, otherwise nil.
  /// - Throws: `DraftError` if it must fit.
  package func fitting(_ large: OpenedModel) throws -> DraftModel? {
    if let difference = large.vocabularyDifference(from: model) {
      guard isRequired else { return nil }
      throw DraftError(name: model.checkpoint.name, difference: difference)
    }
    return isRequired || model.checkpoint.fileBytes < large.checkpoint.fileBytes ? self : nil
  }
}

/// A draft model does not fit.
package struct DraftError: Error, CustomStringConvertible {
  let name: String
  let difference: String

  package var description: String {
    "the draft model \(name) does not fit: \(difference); choose a smaller model of the same family"
  }
}

extension OpenedModel {
  /// The largest difference in the number of tokens. Vocabularies of a family may be padded differently.
  private static let padding = 256

  /// Why a model can't be the draft model of this one; nil if it can. Both must give every id the same text, because the
  /// draft model proposes ids.
  package func vocabularyDifference(from draft: OpenedModel) -> String? {
    let (ours, theirs) = (tokenizer, draft.tokenizer)
    let count = min(ours.vocabularyCount, theirs.vocabularyCount)
    guard max(ours.vocabularyCount, theirs.vocabularyCount) - count <= Self.padding else {
      return
        "its vocabulary has \(theirs.vocabularyCount) tokens, that of \(checkpoint.name) \(ours.vocabularyCount)"
    }
    for id in 0..<Int32(count)
    where ours.isSpecial(id) != theirs.isSpecial(id) || ours.bytes(of: id) != theirs.bytes(of: id) {
      let texts = [theirs, ours].map { String(decoding: $0.bytes(of: id), as: UTF8.self).debugDescription }
      return "its token \(id) is \(texts[0]), that of \(checkpoint.name) is \(texts[1])"
    }
    return nil
  }
}
