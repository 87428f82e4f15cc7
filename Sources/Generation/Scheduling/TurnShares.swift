/// How users' turns of different models share the machine, of which only one computes at a time: the model that has
/// computed for the shortest time is next. Each of N models gets an Nth of the time, whatever its speed: no answer takes
/// more than N times its time alone, and one step of each other model.
package struct TurnShares {
  /// Seconds of computation by model.
  private var seconds: [String: Double] = [:]

  package init() {}

  /// The model that computes next. One that joins starts with the time of the one that has computed least; one without
  /// turns is forgotten.
  /// - Parameter keys: the models with turns, oldest first.
  /// - Returns: nil if there are none.
  package mutating func next(of keys: [String]) -> String? {
    seconds = seconds.filter { keys.contains($0.key) }
    let least = seconds.values.min() ?? 0
    for key in keys where seconds[key] == nil { seconds[key] = least }
    return keys.min { seconds[$0] ?? 0 < seconds[$1] ?? 0 }
  }

  /// Records the duration of a step.
  package mutating func note(_ key: String, seconds duration: Double) {
    seconds[key, default: 0] += duration
  }
}
