/// Encodes a piece from left to right in time linear in its length, whatever it holds.
///
/// Takes the longest token that the text goes on with and that can stand beside the one before it
/// (`TokenNeighbours`); if none can, takes the last token back and tries the next shorter one in its place. A
/// place that led nowhere is remembered and not entered again: as the encoding of a text has one row of
/// tokens only, so has every beginning of it, and a second way to the same place would be the same way. So
/// every place is left at most once in each direction.
struct LongestMatchMerger: ~Copyable {
  private let memory = NeighbourMemory()
  /// Places that led nowhere, one bit each from the start of the piece; unused until there is one.
  private var deadEnds: [UInt64] = []

  /// Encodes `text[start..<limit]` and adds the tokens to `output`.
  mutating func encode(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ limit: Int, _ tables: MergeTables,
    _ output: inout TokenBuffer
  ) {
    output.reserve(limit &- start)
    let none = VocabularyLayout.none
    var base = output.count
    let pieceBase = base
    var place = start
    var last = none
    var hasDeadEnds = false
    var (candidate, seenEnd) = tables.tree.longestMatch(text, from: place, limit: limit)
    while true {
      while candidate != none {
        let next = seenEnd > 0 ? seenEnd : place &+ tables.length(candidate)
        if next <= limit, next > place, !(hasDeadEnds && isDeadEnd(next &- start)),
          last == none || memory.canStand(last, candidate, tables.neighbours)
        {
          output.append(candidate)
          place = next
          break
        }
        candidate = tables.shorter(candidate)
        seenEnd = 0
      }
      if candidate != none {
        if place == limit { return }
        last = candidate
        (candidate, seenEnd) = tables.tree.longestMatch(text, from: place, limit: limit)
        if candidate != none { continue }
        // Nothing at all goes on from here: a character that is no token. Nothing merges with it.
      } else if output.count > base {
        if !hasDeadEnds {
          hasDeadEnds = true
          clearDeadEnds(limit &- start)
        }
        markDeadEnd(place &- start)
        output.count &-= 1
        let back = output.tokens[output.count]
        place &-= tables.length(back)
        last = output.last(above: base)
        candidate = tables.shorter(back)
        seenEnd = 0
        continue
      }
      repeat {
        let length = tables.alphabet == .bytes ? 1 : UTF8Text.length(startingWith: text[place])
        let end = min(place &+ length, limit)
        tables.appendUnknown(
          UnsafeBufferPointer(start: text + place, count: end &- place), to: &output, from: pieceBase)
        place = end
        if place == limit { return }
        (candidate, seenEnd) = tables.tree.longestMatch(text, from: place, limit: limit)
      } while candidate == none
      base = output.count
      last = none
      output.reserve(limit &- place)
    }
  }

  @inline(__always)
  private func isDeadEnd(_ place: Int) -> Bool { deadEnds[place >> 6] & 1 << UInt64(place & 63) != 0 }

  private mutating func markDeadEnd(_ place: Int) { deadEnds[place >> 6] |= 1 << UInt64(place & 63) }

  private mutating func clearDeadEnds(_ length: Int) {
    let words = length >> 6 &+ 1
    if deadEnds.count < words { deadEnds = [UInt64](repeating: 0, count: words) }
    for index in 0..<words { deadEnds[index] = 0 }
  }
}
