import Basics
import Generation
import Testing

struct NGramIndexTests {
  /// The longest match of the end among all earlier positions, without an index.
  private func longest(_ tokens: [Int32]) -> Int {
    let end = tokens.count - 1
    let lengths = (0..<max(end, 0)).map { candidate in
      var length = 0
      while length < NGramIndex.longest, length <= candidate,
        tokens[candidate - length] == tokens[end - length]
      {
        length += 1
      }
      return length
    }
    return lengths.max() ?? 0
  }

  @Test func aMatchIsAnEarlierOccurrenceOfTheEnd() {
    var random = SplitMix64(seed: 1)
    var tokens: [Int32] = []
    var index = NGramIndex()
    var found = 0
    for _ in 0..<2000 {
      let token = Int32.random(in: 0..<12, using: &random)
      tokens.append(token)
      index.append(token)
      guard let match = index.match() else {
        #expect(longest(tokens) < NGramIndex.shortest)
        continue
      }
      found += 1
      #expect(
        match.length >= NGramIndex.shortest && match.length <= longest(tokens) && match.next < tokens.count)
      #expect(tokens[(match.next - match.length)..<match.next].elementsEqual(tokens.suffix(match.length)))
    }
    #expect(found > 500)
  }

  @Test func theLongestOfTheLatestOccurrencesIsPreferred() {
    var index = NGramIndex()
    index.append(contentsOf: [9, 1, 2, 3, 4, 7, 1, 2, 3, 5, 9, 1, 2, 3])
    #expect(index.match() == NGramIndex.Match(length: 4, next: 4))
    index.append(5)
    #expect(index.match() == NGramIndex.Match(length: 4, next: 10))
  }

  @Test func aLongTextRepeatsItself() throws {
    let text = (0..<1000).map { Int32($0 * 37 % 1009) }
    var index = NGramIndex()
    index.append(contentsOf: text)
    #expect(index.match() == nil)
    index.append(contentsOf: text[100..<160])
    let match = try #require(index.match())
    #expect(match == NGramIndex.Match(length: NGramIndex.longest, next: 160))
    #expect(index.continuation(of: match, count: 5) == Array(text[160..<165]))
  }

  @Test func aRepetitionGoesOn() throws {
    var index = NGramIndex()
    index.append(contentsOf: [5, 1, 2, 1, 2, 1, 2])
    let match = try #require(index.match())
    #expect(index.continuation(of: match, count: 6) == [1, 2, 1, 2, 1, 2])
  }

  @Test(arguments: [[], [1], [1, 1], [1, 1, 1]] as [[Int32]])
  func shortSequencesHaveNoMatch(_ tokens: [Int32]) {
    var index = NGramIndex()
    index.append(contentsOf: tokens)
    #expect(index.match() == nil)
  }
}
