/// The result of matching a query against model names.
public enum ModelMatch: Equatable, Sendable {
  /// The query matches only the name at this index.
  case one(Int)
  /// The query matches the names at these indices equally.
  case several([Int])
  case none

  /// Applies the first of these rules that matches any name: equality; equality ignoring case; equality without
  /// "organisation/"; a prefix, with or without the organisation; a substring. So an exact name takes precedence over a
  /// longer one that contains it.
  public static func find(_ query: String, in names: [String]) -> ModelMatch {
    let lowercased = query.lowercased()
    guard !lowercased.isEmpty else { return .none }
    let folded = names.map { $0.lowercased() }
    let rules: [(Int) -> Bool] = [
      { names[$0] == query },
      { folded[$0] == lowercased },
      { lastComponent(folded[$0]) == lowercased },
      { folded[$0].hasPrefix(lowercased) || lastComponent(folded[$0]).hasPrefix(lowercased) },
      { contains(folded[$0], lowercased) },
    ]
    for rule in rules {
      let matches = names.indices.filter(rule)
      if matches.count == 1 { return .one(matches[0]) }
      if matches.count > 1 { return .several(Array(matches)) }
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
