import Basics
import Checkpoints
import Models
import Testing

/// Values that a configuration holds once or per layer.
struct ModelConfigurationTests {
  private func configuration(_ text: String) throws -> ModelConfiguration {
    ModelConfiguration(try JSON(parsing: text))
  }

  @Test func integersAreRepeatedAndArraysTakenPerLayer() throws {
    #expect(try configuration(#"{"n": 4}"#).perLayer("n", 0...9, count: 3) == [4, 4, 4])
    #expect(try configuration(#"{"n": [4, 0, 8]}"#).perLayer("n", 0...9, count: 3) == [4, 0, 8])
    #expect(try configuration("{}").perLayer("n", 0...9, count: 2, default: [1, 2]) == [1, 2])
    #expect(try configuration(#"{"n": null}"#).perLayer("n", 0...9, count: 2, default: [1, 2]) == [1, 2])
  }

  @Test(arguments: [
    "{}", #"{"n": [1, 2]}"#, #"{"n": [1, 2, 3, 4]}"#, #"{"n": [1, 2, 10]}"#, #"{"n": [1, 2, 2.5]}"#,
    #"{"n": "3"}"#, #"{"n": []}"#, #"{"n": 10}"#,
  ])
  func invalidIntegersThrow(_ text: String) throws {
    let configuration = try configuration(text)
    #expect(throws: ModelError.self) { try configuration.perLayer("n", 0...9, count: 3) }
  }

  @Test(arguments: [
    ("{}", [nil, nil, nil]),
    (#"{"sliding_window": null}"#, [nil, nil, nil]),
    (#"{"sliding_window": 7}"#, [7, nil, 7]),
    (#"{"sliding_window": 7, "sliding_window_pattern": 3}"#, [7, nil, 7]),
    (#"{"sliding_window": 7, "sliding_window_pattern": [false, true, true]}"#, [nil, 7, 7]),
    (
      #"{"sliding_window": 7, "layer_types": ["full_attention", "full_attention", "sliding_attention"]}"#,
      [nil, nil, 7]
    ),
  ])
  func windowsFollowLayerTypesPatternOrDefault(_ text: String, _ expected: [Int?]) throws {
    #expect(try configuration(text).windows(count: 3) { $0 != 1 } == expected)
  }

  @Test(arguments: [
    #"{"sliding_window": 0}"#, #"{"sliding_window": "all"}"#,
    #"{"sliding_window": 7, "sliding_window_pattern": [true]}"#,
    #"{"sliding_window": 7, "sliding_window_pattern": [true, 1, false]}"#,
    #"{"sliding_window": 7, "layer_types": ["sliding_attention"]}"#,
    #"{"sliding_window": 7, "layer_types": ["full_attention", "chunked_attention", "sliding_attention"]}"#,
  ])
  func invalidWindowsThrow(_ text: String) throws {
    let configuration = try configuration(text)
    #expect(throws: ModelError.self) { try configuration.windows(count: 3) { _ in true } }
  }

  @Test func sparseLayersFollowStepAndExceptions() throws {
    let text = #"{"num_experts": 4, "decoder_sparse_step": 2, "mlp_only_layers": [3]}"#
    #expect(try configuration(text).sparseLayers(count: 6) == [false, true, false, false, false, true])
    #expect(try configuration("{}").sparseLayers(count: 2) == [false, false])
  }

  @Test(arguments: [
    #"{"n_group": 3}"#, #"{"n_group": 8}"#, #"{"n_group": 4, "topk_group": 5}"#,
    #"{"n_group": 4, "topk_group": 1}"#,
  ])
  func invalidExpertGroupsThrow(_ text: String) throws {
    let configuration = try configuration(text)
    #expect(throws: ModelError.self) { try configuration.expertGroups(experts: 8, chosen: 3) }
  }

  @Test func partialRotaryTablesFollowShareOrDimensions() throws {
    let share = try configuration(#"{"partial_rotary_factor": 0.5}"#)
    #expect(try share.partialRotaryTable(headSize: 16).frequencies.count == 4)
    #expect(try configuration(#"{"rotary_dim": 4}"#).partialRotaryTable(headSize: 16).frequencies.count == 2)
    #expect(try configuration("{}").partialRotaryTable(headSize: 16).frequencies.count == 8)
    let scaling = try configuration(#"{"rope_scaling": {"type": "linear", "partial_rotary_factor": 0.25}}"#)
    #expect(try scaling.partialRotaryTable(headSize: 16).frequencies.count == 2)
  }

  @Test(arguments: [
    #"{"partial_rotary_factor": 1.5}"#, #"{"partial_rotary_factor": 0.2}"#, #"{"rotary_dim": 5}"#,
    #"{"partial_rotary_factor": 0.5, "rope_scaling": {"rope_type": "proportional"}}"#,
  ])
  func invalidPartialRotaryTablesThrow(_ text: String) throws {
    let configuration = try configuration(text)
    #expect(throws: ModelError.self) { try configuration.partialRotaryTable(headSize: 16) }
  }
}
