import Basics
import Foundation
import Models
import Testing

/// Rotary frequencies compared with those of transformers (Scripts/make_rope_fixture.py).
struct RotaryScalingTests {
  @Test func frequenciesMatchTransformers() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/rope.json").path
    let data = try #require(FileManager.default.contents(atPath: path))
    let cases = try #require(JSON(parsing: [UInt8](data)).asArray)
    #expect(cases.count == 72)
    for example in cases {
      let config = try #require(example["config"])
      let table = try ModelConfiguration(config).rotaryTable(headSize: config.integer("head_dim"))
      let expected = try #require(example["frequencies"]?.asArray?.compactMap { $0.asNumber })
      #expect(table.frequencies.count == expected.count)
      for (ours, theirs) in zip(table.frequencies, expected) {
        #expect(abs(Double(ours) - theirs) <= 2e-6 * abs(theirs), "\(config.text())")
      }
      #expect(abs(Double(table.amplitude) - (try example.number("amplitude"))) < 1e-6, "\(config.text())")
    }
  }

  @Test(arguments: [
    #"{"rope_scaling": {"rope_type": "magic"}}"#,
    #"{"rope_scaling": {"rope_type": "linear", "factor": 0}}"#,
    #"{"rope_scaling": {"rope_type": "linear", "factor": "two"}}"#,
    #"{"rope_scaling": 4}"#,
    #"{"rope_scaling": {"rope_type": "factors", "factors": [1, 2]}}"#,
    #"{"rope_scaling": {"rope_type": "longrope", "long_factor": [1, 2], "short_factor": [1, 2]}}"#,
    #"{"rope_scaling": {"rope_type": "longrope", "long_mscale": 1.2}}"#,
    #"{"rope_theta": -1}"#,
  ])
  func invalidConfigurationsThrow(_ text: String) throws {
    let configuration = ModelConfiguration(try JSON(parsing: text))
    #expect(throws: ModelError.self) { try configuration.rotaryTable(headSize: 64) }
  }
}
