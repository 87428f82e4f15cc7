import Compute

/// The keys of a state-space mixer's sizes.
struct StateSpaceKeys {
  var heads: String
  var headSize: String
  var groups: String
  var stateSize: String
  var taps: String

  /// Mamba-2.
  static let mamba2 = StateSpaceKeys(
    heads: "num_heads", headSize: "head_dim", groups: "n_groups", stateSize: "state_size", taps: "conv_kernel"
  )
  /// Granite 4 and Falcon-H1.
  static let hybrid = StateSpaceKeys(
    heads: "mamba_n_heads", headSize: "mamba_d_head", groups: "mamba_n_groups", stateSize: "mamba_d_state",
    taps: "mamba_d_conv")
  /// Nemotron-H.
  static let nemotron = StateSpaceKeys(
    heads: "mamba_num_heads", headSize: "mamba_head_dim", groups: "n_groups", stateSize: "ssm_state_size",
    taps: "conv_kernel")
}

// The keys of state-space models and of the hybrids.
extension ModelConfiguration {
  /// The sizes of a state-space mixer.
  /// - Parameter inner: the columns of all heads, for a head size of "auto"; nil if the head size is required.
  func stateSpaceShape(_ keys: StateSpaceKeys, inner: Int? = nil) throws -> StateSpaceShape {
    let heads = try integer(keys.heads, 1...65536)
    let groups = try integer(keys.groups, 1...65536, default: 1)
    guard heads % groups == 0 else {
      throw ModelError.wrongValue(key: keys.groups, expected: "a divisor of \(keys.heads)")
    }
    let hidden = try integer("hidden_size", 1...1 << 20)
    let headSize: Int
    if let inner, !has(keys.headSize) || (try? optionalString(keys.headSize)) == "auto" {
      headSize = inner / heads
    } else {
      headSize = try integer(keys.headSize, 1...65536)
    }
    guard headSize > 0, inner.map({ $0 == heads * headSize }) ?? true else {
      throw ModelError.wrongValue(
        key: keys.headSize, expected: "the mixer's columns divided by \(keys.heads)")
    }
    return StateSpaceShape(
      hidden: hidden, heads: heads, headSize: headSize, groups: groups,
      stateSize: try integer(keys.stateSize, 1...65536), taps: try integer(keys.taps, 1...32, default: 4),
      stepLimits: try limits("time_step_limit") ?? 0...Float.infinity)
  }

  /// The sizes of Mamba's mixer.
  /// - Parameters:
  ///   - inner: the channels.
  ///   - stateSize: the key of the state size and its default, as `taps`.
  ///   - rank: the key of the low-rank steps' columns, which may be missing or "auto".
  func selectiveMixerShape(
    hidden: Int, inner: Int, stateSize: (key: String, fallback: Int), taps: (key: String, fallback: Int),
    rank: String
  ) throws -> SelectiveMixerShape {
    let automatic = !has(rank) || (try? optionalString(rank)) == "auto"
    return SelectiveMixerShape(
      hidden: hidden, inner: inner,
      stateSize: try integer(
        stateSize.key, 1...SelectiveScanSettings.mostStates, default: stateSize.fallback),
      rank: automatic ? (hidden + 15) / 16 : try integer(rank, 1...1 << 20),
      taps: try integer(taps.key, 1...32, default: taps.fallback))
  }

  /// Throws if the activation under `key` is not SiLU, the only one that the convolution of a mixer has.
  func requireSiLU(_ key: String = "hidden_act") throws {
    let name = try optionalString(key) ?? "silu"
    guard ["silu", "swish"].contains(name) else {
      throw ModelError.unsupported("'\(key)' '\(name)' is not supported by this architecture; silu is")
    }
  }
}
