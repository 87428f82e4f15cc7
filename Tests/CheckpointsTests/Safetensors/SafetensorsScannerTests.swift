import Basics
import Checkpoints
import Testing

@Suite struct SafetensorsScannerTests {
  private func scan(_ text: String) -> SafetensorsScanner? {
    Array(text.utf8).withUnsafeBytes { SafetensorsScanner.scan($0) }
  }

  /// Headers with members in random order, random spaces, and sometimes a flaw: what is scanned is what the JSON parser
  /// reads.
  @Test(arguments: 1...40) func agreesWithTheParser(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    func space() -> String { ["", "", "", " ", "\n\t"].randomElement(using: &random) ?? "" }
    for _ in 0..<50 {
      var members = (0..<Int.random(in: 0...4, using: &random)).map { index in
        let shape = (0..<Int.random(in: 0...3, using: &random)).map { _ in
          "\(space())\(Int.random(in: 0...99999, using: &random))\(space())"
        }
        let type = ["F32", "BF16", "U32", "X9"].randomElement(using: &random) ?? ""
        let fields = [
          "\"dtype\"\(space()):\(space())\"\(type)\"", "\"shape\":[\(shape.joined(separator: ","))]",
          "\"data_offsets\":[\(space())0,123456789012]",
        ].shuffled(using: &random)
        return "\"model.\(index).weight\":\(space()){\(space())\(fields.joined(separator: ","))\(space())}"
      }
      if Bool.random(using: &random) { members.append(#""__metadata__":{"format":"pt", "a":"b"}"#) }
      var text = "{\(space())\(members.joined(separator: space() + ","))\(space())}\(space())"
      if Int.random(in: 0..<4, using: &random) == 0, let place = text.indices.randomElement(using: &random) {
        let flaw = ["\\", "é", "-", ".", "}", ",", "0", "\"", ""].randomElement(using: &random) ?? ""
        text.replaceSubrange(place...place, with: flaw)
      }
      guard let scanner = scan(text) else { continue }
      let json = try JSON(parsing: text)
      let object = try #require(json.asObject)
      let names = object.keys.filter { $0 != "__metadata__" }
      // A flaw may have made two names equal, of which the parser keeps one.
      guard Set(scanner.entries.map(\.name)).count == scanner.entries.count else { continue }
      #expect(scanner.entries.map(\.name) == names)
      for entry in scanner.entries {
        let tensor = try #require(object[entry.name])
        #expect(entry.type == SafetensorsType(name: try tensor.string("dtype")))
        #expect(try tensor.array("shape") == entry.shape.map { .integer($0) })
        #expect(try tensor.array("data_offsets") == entry.offsets.map { .integer($0) })
      }
      #expect((scanner.metadata != nil) == object.contains("__metadata__"))
    }
  }

  @Test(arguments: [
    "", "{", "[]", "{} x", #"{"a":1}"#, #"{"a":{}}"#,
    #"{"\u0061":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1234567890123456789],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}"#, #"{"__metadata__":{"a":1}}"#,
    #"{"é":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1,],"data_offsets":[0,4]}}"#,
  ])
  func whatIsUnusualIsLeftToTheParser(text: String) { #expect(scan(text)?.entries == nil) }
}
