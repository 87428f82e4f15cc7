import Basics
import Compute
import Models
import Testing

/// A value of a key in the configuration of a fixture.
struct ConfigurationCase: Sendable, CustomTestStringConvertible {
  let fixture: String, key: String
  var value = "null"
  var testDescription: String { "\(fixture): \(key) = \(value)" }
}

extension TinyModel {
  private struct NotAnObject: Error {}

  /// The model with a changed configuration.
  /// - Throws: what the registry throws.
  func model(
    on backend: CPUBackend = CPUBackend(precision: .exact, threads: 1),
    _ change: (inout JSONObject) throws -> Void
  ) throws -> any LanguageModel {
    let checkpoint = try checkpoint()
    guard case .object(var members) = try #require(checkpoint.configuration) else { throw NotAnObject() }
    try change(&members)
    return try Registry.model(.object(members), checkpoint, backend: backend)
  }
}
