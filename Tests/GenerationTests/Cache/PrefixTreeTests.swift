import Basics
import Generation
import Testing

struct PrefixTreeTests {
  private func tree(_ sequences: [[Int32]]) -> PrefixTree<Int> {
    let tree = PrefixTree<Int>()
    for (index, sequence) in sequences.enumerated() { tree.insert(sequence, index) }
    return tree
  }

  @Test func matchesCommonPrefixes() {
    let tree = tree([[1, 2, 3, 4], [1, 2, 7], [9]])
    let match = tree.match([1, 2, 3, 8])
    #expect(match.length == 3)
    #expect(match.end.tokens == [1, 2, 3, 4], "the sequence that goes on otherwise")
    #expect(match.passed.map(\.depth) == [0, 2])
    #expect(tree.match([5]).length == 0)
    #expect(tree.match([]).length == 0)
    #expect(tree.match([1, 2, 7]).passed.last?.value == 1)
  }

  @Test func countsCommonTokensOnce() {
    #expect(tree([[1, 2, 3, 4], [1, 2, 7], [9]]).tokenCount == 6)
  }

  @Test func removingLeavesTheOthers() {
    let tree = tree([[1, 2, 3, 4], [1, 2, 7], [1, 2]])
    for node in tree.valuedNodes where node.value == 1 { tree.remove(node) }
    #expect(tree.match([1, 2, 7]).length == 2)
    #expect(tree.tokenCount == 4)
    for node in tree.valuedNodes { tree.remove(node) }
    #expect(tree.tokenCount == 0)
  }

  /// The same operations on a dictionary.
  @Test func agreesWithADictionary() {
    var random = SplitMix64(seed: 5)
    let tree = PrefixTree<Int>()
    var known: [[Int32]: Int] = [:]
    for step in 0..<3000 {
      let sequence = (0..<Int.random(in: 1...9, using: &random)).map { _ in
        Int32.random(in: 0..<3, using: &random)
      }
      switch Int.random(in: 0..<3, using: &random) {
      case 0:
        #expect(tree.insert(sequence, step).replaced == known[sequence])
        known[sequence] = step
      case 1:
        let node = tree.match(sequence).passed.last
        if let node, node.depth == sequence.count, node.value != nil {
          #expect(tree.remove(node) == known.removeValue(forKey: sequence))
        } else {
          #expect(known[sequence] == nil)
        }
      default:
        let longest = known.keys.map { zip($0, sequence).prefix { $0 == $1 }.count }.max() ?? 0
        #expect(tree.match(sequence).length == longest)
      }
      #expect(tree.valuedNodes.count == known.count)
      for node in tree.valuedNodes { #expect(known[node.tokens] == node.value) }
    }
  }
}
