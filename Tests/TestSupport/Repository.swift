import Foundation

/// The folders of this repository that tests use.
package enum Repository {
  /// The root of the repository.
  package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The fixtures folder of a test target.
  package static func fixtures(_ target: String) -> URL { root.appending(path: "Tests/\(target)/Fixtures") }

  /// One of the small random models (Tests/Scripts/make_tiny_models.py); they have no tokenizer.
  package static func tinyModel(_ name: String) -> URL {
    fixtures("ModelsTests").appending(path: "tiny").appending(path: name)
  }
}
