import Basics
import Testing

/// Paths as text.
struct PathTests {
  @Test(arguments: [("a/b/", "a/b"), ("a//", "a"), ("a", "a"), ("/", "/"), ("//", "/"), ("", "")])
  func slashesAtTheEndAreRemoved(_ path: String, _ expected: String) {
    #expect(FileSystem.withoutTrailingSlashes(path) == expected)
  }
}
