import Foundation

/// The folders of this repository that tests read.
package enum Repository {
  /// The repository's root.
  package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The folder of a test target's fixtures.
  package static func fixtures(_ target: String) -> URL { root.appending(path: "Tests/\(target)/Fixtures") }

  /// One of the small random models (Tests/Scripts/make_tiny_models.py); they have no tokenizer.
  package static func tinyModel(_ name: String) -> URL {
    fixtures("ModelsTests").appending(path: "tiny").appending(path: name)
  }
}
