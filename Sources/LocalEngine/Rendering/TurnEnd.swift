import Basics
import Templates
import Tokenization

/// The end of the assistant's turn in a chat template, determined by rendering a short conversation. Model files often
/// do not list this token as an end-of-generation token, or declare it as an ordinary token.
struct TurnEnd: Sendable, Equatable {
  /// The added token after the assistant's text.
  private(set) var tokens: [Int32] = []
  /// The text of a token that the vocabulary does not list as an added one.
  private(set) var stopStrings: [String] = []

  private static let probe = "qxprobezj"

  init(
    of parsed: (template: ChatTemplate, forms: ContentForms), variables: [String: JSON],
    _ tokenizer: Tokenizer
  ) throws {
    let messages: [JSON] = [
      ["role": "user", "content": "x"], ["role": "assistant", "content": .string(Self.probe)],
      ["role": "user", "content": "x"],
    ]
    // Some templates end a turn only by starting the next one.
    for count in [2, 3] {
      let text = try parsed.template.render(
        messages: parsed.forms.adapting(.array(Array(messages[..<count]))), addGenerationPrompt: false,
        variables: variables)
      guard let content = text.ranges(of: Self.probe).last else { return }
      let rest = text[content.upperBound...].drop { $0.isWhitespace }
      if rest.isEmpty { continue }
      note(String(rest), tokenizer)
      return
    }
  }

  /// - Parameter rest: the rendered text after the assistant's message.
  private mutating func note(_ rest: String, _ tokenizer: Tokenizer) {
    guard let first = rest.first, "<[".contains(first),
      let id = tokenizer.encode(rest, addSpecial: false, parseSpecial: true).first
    else { return }
    if tokenizer.isAdded(id) {
      tokens = [id]
    } else if let end = rest.firstIndex(where: { ">]".contains($0) }) {
      let name = String(rest[...end])
      if name.hasPrefix("<|") || tokenizer.id(of: name) != nil { stopStrings = [name] }
    }
  }
}
