import Basics
import Checkpoints
import Compute

/// How llama.cpp's converter stores an architecture in a GGUF file: its names for tensors and metadata, and what it
/// changes on the way. The tables here come on top of the common ones (`GGUFWeights`, `GGUFConfiguration`).
struct GGUFConversion: Sendable {
  /// `general.architecture`; also the prefix of the architecture's metadata keys.
  let name: String
  /// From public tensor names to GGUF's. Within a layer, the part behind the layer's number; `.weight` and `.bias`
  /// at the end are left out and stay as they are.
  var tensors: [String: String] = [:]
  /// From metadata keys, without the architecture's name, to config.json's.
  var keys: [String: String] = [:]
  /// Corrects the configuration that the metadata gives, where the converter changed or dropped something.
  var configure: @Sendable (_ configuration: inout JSONObject) throws -> Void = { _ in }
  /// Restores the public values of a tensor that the converter changed, given the tensor's public name.
  var restore: @Sendable (_ name: String, _ stored: Weight) throws -> Weight = { $1 }

  /// A conversion under this name, with no changes unless they are given.
  init(
    _ name: String, tensors: [String: String] = [:], keys: [String: String] = [:],
    configure: @escaping @Sendable (inout JSONObject) throws -> Void = { _ in },
    restore: @escaping @Sendable (String, Weight) throws -> Weight = { $1 }
  ) {
    self.name = name
    self.tensors = tensors
    self.keys = keys
    self.configure = configure
    self.restore = restore
  }
}

extension GGUFConversion {
  /// The metadata keys of a state-space mixer (Mamba-2).
  static let stateSpaceKeys = [
    "ssm.conv_kernel": "conv_kernel", "ssm.state_size": "state_size", "ssm.group_count": "n_groups",
    "ssm.time_step_rank": "num_heads", "ssm.inner_size": "ssm_inner_size",
  ]

  /// The tensors of a state-space mixer below `mixer`.
  static func stateSpaceTensors(_ mixer: String) -> [String: String] {
    [
      "\(mixer).in_proj": "ssm_in", "\(mixer).conv1d": "ssm_conv1d", "\(mixer).dt_bias": "ssm_dt.bias",
      "\(mixer).A_log": "ssm_a", "\(mixer).D": "ssm_d", "\(mixer).norm": "ssm_norm",
      "\(mixer).out_proj": "ssm_out",
    ]
  }

  /// Restores `A_log`: the converter stores -exp(A_log).
  static let restoringDecay: @Sendable (String, Weight) throws -> Weight = { name, stored in
    name.hasSuffix(".A_log") ? try stored.logarithmOfNegated() : stored
  }
}
