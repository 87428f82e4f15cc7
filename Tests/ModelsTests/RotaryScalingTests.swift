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

  /// HunYuan's `alpha` stretches the base; a dynamic scaling without it changes nothing within the trained length.
  @Test func alphaStretchesTheBase() throws {
    func table(_ keys: String) throws -> [Float] {
      try ModelConfiguration(JSON(parsing: "{\(keys)}")).rotaryTable(headSize: 8).frequencies
    }
    let stretched = try table(#""rope_theta": 100, "rope_scaling": {"type": "dynamic", "alpha": 1000}"#)
    // 100 * 1000^(8/6) = 10^6.
    #expect(
      zip(stretched, [1, 0.031622777, 0.001, 0.000031622777] as [Float]).allSatisfy {
        abs($0 / $1 - 1) < 1e-5
      })
    #expect(
      try table(#""rope_theta": 100, "rope_scaling": {"type": "dynamic", "factor": 4}"#)
        == table(#""rope_theta": 100"#))
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
