/// Finds the known name nearest to a misspelled one.
package enum NearestName {
  /// The closest of `names` by edit distance; nil when more than a third of its letters differ, but at least one.
  package static func of(_ written: String, among names: [String]) -> String? {
    // Long input is no typing error, and the cost is the product of the lengths.
    guard written.utf8.count <= 64 else { return nil }
    let wanted = Array(written.lowercased())
    let best = names.map { (name: $0, distance: distance(wanted, Array($0.lowercased()))) }
      .min { $0.distance < $1.distance }
    guard let best, best.distance <= max(1, best.name.count / 3) else {
      return names.first { !wanted.isEmpty && $0.lowercased().hasPrefix(written.lowercased()) }
    }
    return best.name
  }

  /// Optimal string alignment distance: insertions, deletions, substitutions and transpositions.
  package static func distance(_ one: [Character], _ other: [Character]) -> Int {
    var before: [Int] = []
    var previous = Array(0...other.count)
    for i in 0..<one.count {
      var current = [i + 1]
      for j in 0..<other.count {
        var best = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (one[i] == other[j] ? 0 : 1))
        if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] {
          best = min(best, before[j - 1] + 1)
        }
        current.append(best)
      }
      before = previous
      previous = current
    }
    return previous[other.count]
  }
}
