import Basics
import TestSupport

/// JSON files written by `CheckpointsTests/Fixtures/make_fixtures.py`.
enum Fixture {
  static func json(_ name: String) throws -> JSON {
    try JSON(parsing: MappedFile(Repository.fixtures("BasicsTests").appending(path: name).path).bytes)
  }
}
