import Basics
import TestSupport

/// JSON files that `CheckpointsTests/Fixtures/make_fixtures.py` wrote.
enum Fixture {
  static func json(_ name: String) throws -> JSON {
    try JSON(parsing: MappedFile(Repository.fixtures("BasicsTests").appending(path: name).path).bytes)
  }
}
