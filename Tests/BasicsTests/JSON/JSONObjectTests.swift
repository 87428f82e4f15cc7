import Basics
import TestSupport
import Testing

@Suite struct JSONObjectTests {
  /// Random operations on an object and on a list of pairs, with sizes below and above the hash table threshold.
  @Test(arguments: 1...20) func behavesAsAListOfPairs(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var object = JSONObject()
    var pairs: [(key: String, value: JSON)] = []
    for step in 0..<200 {
      let key = "k\(Int.random(in: 0..<14, using: &random))"
      let index = pairs.firstIndex { $0.key == key }
      if Int.random(in: 0..<3, using: &random) == 0 {
        object[key] = nil
        if let index { pairs.remove(at: index) }
      } else {
        object[key] = .integer(step)
        if let index { pairs[index].value = .integer(step) } else { pairs.append((key, .integer(step))) }
      }
      #expect(object.keys == pairs.map(\.key))
      #expect(object.values == pairs.map(\.value))
      for number in 0..<14 {
        #expect(object["k\(number)"] == pairs.first { $0.key == "k\(number)" }?.value)
      }
    }
  }

  @Test func comparesWithoutOrder() {
    let left: JSON = ["a": 1, "b": [1, 2]]
    #expect(left == ["b": [1, 2], "a": 1])
    #expect(left != ["b": [2, 1], "a": 1])
    #expect(left != ["a": 1])
  }

  @Test func readsTypedValues() throws {
    let json: JSON = ["i": 3, "f": 2.5, "w": 4.0, "b": true, "s": "x", "n": nil, "a": [1], "o": ["k": 1]]
    #expect(try json.integer("i") == 3)
    #expect(try json.integer("w") == 4)
    #expect(try json.number("i") == 3)
    #expect(try json.number("f") == 2.5)
    #expect(try json.bool("b"))
    #expect(try json.string("s") == "x")
    #expect(try json.array("a") == [1])
    #expect(try json.object("o").count == 1)
    #expect(try json.optionalInteger("n") == nil)
    #expect(try json.optionalString("none") == nil)
    #expect(json["a"]?[0] == 1)
    #expect(json["a"]?[1] == nil)
    #expect(json["a"]?[-1] == nil)
    #expect(throws: JSONError.missing(key: "n")) { try json.integer("n") }
    #expect(throws: JSONError.wrongType(key: "f", expected: "an integer", found: "a number")) {
      try json.integer("f")
    }
    #expect(throws: JSONError.wrongType(key: "s", expected: "a boolean", found: "a string")) {
      try json.optionalBool("s")
    }
    #expect(throws: JSONError.self) { try JSON.integer(1).string("s") }
  }
}
