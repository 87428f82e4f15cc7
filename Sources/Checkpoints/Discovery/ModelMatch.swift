/// Which of several names a person means by what they typed.
public enum ModelMatch: Equatable, Sendable {
  /// The name at this index.
  case one(Int)
  /// Any of the names at these indices.
  case several([Int])
  case none

  /// The first of these rules that any name meets decides: the same name; the same but for upper and lower
  /// case; the same without "organisation/"; a beginning, with or without the organisation; any part.
  /// An exact name thus wins over a longer one that contains it.
  public static func find(_ query: String, in names: [String]) -> ModelMatch {
    let wanted = query.lowercased()
    guard !wanted.isEmpty else { return .none }
    let folded = names.map { $0.lowercased() }
    let rules: [(Int) -> Bool] = [
      { names[$0] == query },
      { folded[$0] == wanted },
      { lastComponent(folded[$0]) == wanted },
      { folded[$0].hasPrefix(wanted) || lastComponent(folded[$0]).hasPrefix(wanted) },
      { contains(folded[$0], wanted) },
    ]
    for rule in rules {
      let hits = names.indices.filter(rule)
      if hits.count == 1 { return .one(hits[0]) }
      if hits.count > 1 { return .several(Array(hits)) }
    }
    return .none
  }

  private static func lastComponent(_ name: String) -> Substring { name.split(separator: "/").last ?? "" }

  private static func contains(_ name: String, _ part: String) -> Bool {
    var rest = name[...]
    while !rest.isEmpty {
      if rest.hasPrefix(part) { return true }
      rest.removeFirst()
    }
    return false
  }
}
