import Basics
import Synchronization
import Templates

/// A cache of parsed chat templates by source, with the forms of content that they accept.
final class ParsedTemplates: Sendable {
  private let parsed = Mutex<[String: (template: ChatTemplate, forms: ContentForms)]>([:])

  /// The template of a source, and the forms of content that it accepts.
  /// - Parameter variables: for rendering, such as `bos_token`.
  func template(
    _ source: String, _ variables: [String: JSON]
  ) throws(TemplateError) -> (template: ChatTemplate, forms: ContentForms) {
    if let known = parsed.withLock({ $0[source] }) { return known }
    let template = try ChatTemplate(source: source)
    let entry = (template: template, forms: ContentForms(of: template, variables: variables))
    parsed.withLock { $0[source] = entry }
    return entry
  }
}
