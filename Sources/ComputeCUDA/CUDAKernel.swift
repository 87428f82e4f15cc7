/// The kernels by the names of their functions; see Sources/CUDAKernels.
enum CUDAKernel: String, CaseIterable {
  case elementwise = "sotto_elementwise_kernel"
  case normalization = "sotto_normalization_kernel"
  case roundRows = "sotto_round_rows_kernel"
  case angles = "sotto_angles_kernel"
  case rotary = "sotto_rotary_kernel"
  case embedding = "sotto_embedding_kernel"
  case ids = "sotto_ids_kernel"
  case repacking = "sotto_repacking_kernel"
  case linearOne = "sotto_linear_one_kernel"
  case linearFew = "sotto_linear_few_kernel"
  case linearExact = "sotto_linear_exact_kernel"
  case halves = "sotto_halves_kernel"
  case linear64Any = "sotto_linear_64_any"
  case linear128Any = "sotto_linear_128_any"
  case linear64BF16 = "sotto_linear_64_bf16"
  case linear128BF16 = "sotto_linear_128_bf16"
  case linear64F16 = "sotto_linear_64_f16"
  case linear128F16 = "sotto_linear_128_f16"
  case linear64Bytes = "sotto_linear_64_bytes"
  case linear128Bytes = "sotto_linear_128_bytes"
  case linear64Fours = "sotto_linear_64_fours"
  case linear128Fours = "sotto_linear_128_fours"
  case linear64Superfours = "sotto_linear_64_superfours"
  case linear128Superfours = "sotto_linear_128_superfours"
  case linear64Sixes = "sotto_linear_64_sixes"
  case linear128Sixes = "sotto_linear_128_sixes"
  case linear64Affine4 = "sotto_linear_64_affine4"
  case linear128Affine4 = "sotto_linear_128_affine4"
  case rowBytes = "sotto_row_bytes"
  case rowGatedBytes = "sotto_row_gated_bytes"
  case rowPairBytes = "sotto_row_pair_bytes"
  case rowShortBytes = "sotto_row_short_bytes"
  case rowSumBytes = "sotto_row_sum_bytes"
  case rowFours = "sotto_row_fours"
  case rowGatedFours = "sotto_row_gated_fours"
  case rowPairFours = "sotto_row_pair_fours"
  case rowShortFours = "sotto_row_short_fours"
  case rowSumFours = "sotto_row_sum_fours"
  case rowSuperfours = "sotto_row_superfours"
  case rowGatedSuperfours = "sotto_row_gated_superfours"
  case rowPairSuperfours = "sotto_row_pair_superfours"
  case rowShortSuperfours = "sotto_row_short_superfours"
  case rowSumSuperfours = "sotto_row_sum_superfours"
  case rowSixes = "sotto_row_sixes"
  case rowGatedSixes = "sotto_row_gated_sixes"
  case rowPairSixes = "sotto_row_pair_sixes"
  case rowShortSixes = "sotto_row_short_sixes"
  case rowSumSixes = "sotto_row_sum_sixes"
  case rowAffine4 = "sotto_row_affine4"
  case rowGatedAffine4 = "sotto_row_gated_affine4"
  case rowPairAffine4 = "sotto_row_pair_affine4"
  case rowShortAffine4 = "sotto_row_short_affine4"
  case rowSumAffine4 = "sotto_row_sum_affine4"
  case rows1Bytes = "sotto_rows_1_bytes"
  case rows2Bytes = "sotto_rows_2_bytes"
  case rows4Bytes = "sotto_rows_4_bytes"
  case rows8Bytes = "sotto_rows_8_bytes"
  case rows1Fours = "sotto_rows_1_fours"
  case rows2Fours = "sotto_rows_2_fours"
  case rows4Fours = "sotto_rows_4_fours"
  case rows8Fours = "sotto_rows_8_fours"
  case rows1Superfours = "sotto_rows_1_superfours"
  case rows2Superfours = "sotto_rows_2_superfours"
  case rows4Superfours = "sotto_rows_4_superfours"
  case rows8Superfours = "sotto_rows_8_superfours"
  case rows1Sixes = "sotto_rows_1_sixes"
  case rows2Sixes = "sotto_rows_2_sixes"
  case rows4Sixes = "sotto_rows_4_sixes"
  case rows8Sixes = "sotto_rows_8_sixes"
  case rows1Affine4 = "sotto_rows_1_affine4"
  case rows2Affine4 = "sotto_rows_2_affine4"
  case rows4Affine4 = "sotto_rows_4_affine4"
  case rows8Affine4 = "sotto_rows_8_affine4"
  case streamBytes = "sotto_stream_bytes"
  case streamEntriesBytes = "sotto_stream_entries_bytes"
  case streamFours = "sotto_stream_fours"
  case streamEntriesFours = "sotto_stream_entries_fours"
  case streamSuperfours = "sotto_stream_superfours"
  case streamEntriesSuperfours = "sotto_stream_entries_superfours"
  case streamSixes = "sotto_stream_sixes"
  case streamEntriesSixes = "sotto_stream_entries_sixes"
  case streamAffine4 = "sotto_stream_affine4"
  case streamEntriesAffine4 = "sotto_stream_entries_affine4"
  case streamBF16 = "sotto_stream_bf16"
  case streamEntriesBF16 = "sotto_stream_entries_bf16"
  case streamF16 = "sotto_stream_f16"
  case streamEntriesF16 = "sotto_stream_entries_f16"
  case panels = "sotto_panels_kernel"
  case panels16Bytes = "sotto_panels_16_bytes"
  case panels32Bytes = "sotto_panels_32_bytes"
  case panels16Fours = "sotto_panels_16_fours"
  case panels32Fours = "sotto_panels_32_fours"
  case panels16Superfours = "sotto_panels_16_superfours"
  case panels32Superfours = "sotto_panels_32_superfours"
  case panels16Sixes = "sotto_panels_16_sixes"
  case panels32Sixes = "sotto_panels_32_sixes"
  case panels16Affine4 = "sotto_panels_16_affine4"
  case panels32Affine4 = "sotto_panels_32_affine4"
  case panels16BF16 = "sotto_panels_16_bf16"
  case panels32BF16 = "sotto_panels_32_bf16"
  case panels16F16 = "sotto_panels_16_f16"
  case panels32F16 = "sotto_panels_32_f16"
  case permuted = "sotto_permuted_kernel"
  case groupsBytes = "sotto_groups_bytes"
  case groupsFours = "sotto_groups_fours"
  case groupsSuperfours = "sotto_groups_superfours"
  case groupsSixes = "sotto_groups_sixes"
  case groupsAffine4 = "sotto_groups_affine4"
  case routing = "sotto_routing_kernel"
  case sorting = "sotto_sorting_kernel"
  case combination = "sotto_combination_kernel"
  case cacheWrite = "sotto_cache_write_kernel"
  case rotatedWrite = "sotto_rotated_write_kernel"
  case attentionF32 = "sotto_attention_f32_kernel"
  case attentionF16 = "sotto_attention_f16_kernel"
  case attentionI8 = "sotto_attention_i8_kernel"
  case attentionTile64 = "sotto_attention_tile_64"
  case attentionTile128 = "sotto_attention_tile_128"
  case attentionRow64 = "sotto_attention_row_64"
  case attentionRow128 = "sotto_attention_row_128"
  case attentionStep64 = "sotto_attention_step_64"
  case attentionStep128 = "sotto_attention_step_128"
  case attentionSteps64 = "sotto_attention_steps_64"
  case attentionSum = "sotto_attention_sum_kernel"
  case convolution = "sotto_convolution_kernel"
  case longConvolution = "sotto_convolution_long"
  case convolutionCarry = "sotto_convolution_carry"
  case tokenShift = "sotto_token_shift_kernel"
  case stateSpace8 = "sotto_state_space_8"
  case stateSpace16 = "sotto_state_space_16"
  case stateSpace32 = "sotto_state_space_32"
  case stateSpaceTiles64 = "sotto_state_space_tiles_64"
  case stateSpaceTiles128 = "sotto_state_space_tiles_128"
  case stateSpaceTiles256 = "sotto_state_space_tiles_256"
  case mixerStep64 = "sotto_mixer_step_64"
  case mixerStep128 = "sotto_mixer_step_128"
  case mixerStep256 = "sotto_mixer_step_256"
  case stateSpaceEnd8 = "sotto_state_space_end_8"
  case stateSpaceEnd16 = "sotto_state_space_end_16"
  case stateSpaceEnd32 = "sotto_state_space_end_32"
  case stateSpaceCarry = "sotto_state_space_carry"
  case stateSpaceChunk8 = "sotto_state_space_chunk_8"
  case stateSpaceChunk16 = "sotto_state_space_chunk_16"
  case stateSpaceChunk32 = "sotto_state_space_chunk_32"
  case selectiveScan = "sotto_selective_scan_kernel"
  case gatedDelta = "sotto_gated_delta_kernel"
  case rgLRUGates = "sotto_rg_lru_gates_kernel"
  case rgLRU = "sotto_rg_lru_kernel"
  case rwkv = "sotto_rwkv_kernel"
  case largest = "sotto_largest_kernel"
  case greedy = "sotto_greedy_kernel"
  case draw = "sotto_draw_kernel"
  case adjusting = "sotto_adjusting_kernel"

  /// The most dynamic shared memory in bytes that it is launched with, if that is more than the default of 48 KB. All
  /// supported devices have 99 KB; kernels with more are for those that have it.
  var sharedMemory: Int? {
    if self == .attentionTile128 { return 64 << 10 }
    if self == .attentionStep64 || self == .attentionStep128 { return Self.stepMemory }
    if self == .attentionSteps64 { return Self.stepMemory / 2 }
    if let bytes = Self.scanMemory[self] { return bytes }
    if Self.halfTiles.contains(self) { return Self.tileMemory(rawValue.contains("_128_") ? 128 : 64) }
    if rawValue.hasPrefix("sotto_groups_") { return GroupPlan.sharedBytes }
    if rawValue.hasPrefix("sotto_stream_") { return StreamPlan.mostShared }
    if rawValue.hasPrefix("sotto_panels_16") || rawValue.hasPrefix("sotto_panels_32") {
      return PanelPlan(rows: 32, outputs: 1, blocks: 1).sharedBytes
    }
    let isRow = rawValue.hasPrefix("sotto_rows_") || rawValue.hasPrefix("sotto_row_")
    return isRow ? Self.rowMemory : nil
  }

  /// Shared memory of state_space_tiles.cu: two tiles of 32 rows of B, C and 64 columns, and sums.
  static let scanMemory: [CUDAKernel: Int] = [
    .stateSpaceTiles64: 68_096, .stateSpaceTiles128: 100_864, .stateSpaceTiles256: 166_400,
  ]

  /// Products of many rows in float16.
  static let halfTiles: Set<CUDAKernel> = [
    .linear64Bytes, .linear128Bytes, .linear64Fours, .linear128Fours, .linear64Superfours,
    .linear128Superfours,
    .linear64Sixes, .linear128Sixes, .linear64Affine4, .linear128Affine4,
  ]

  /// Shared memory of a tile of so many rows in float16; see linear_halves.cu.
  static func tileMemory(_ rows: Int) -> Int { 2 * (rows + 128) * 144 }

  /// Shared memory of attention_step.cu: a page's keys and values of a head for each warp.
  static let stepMemory = 128 << 10

  /// The most shared memory of products of a few rows.
  static let rowMemory = 56 << 10

  /// Its place among all kernels.
  var index: Int { Self.indices[self] ?? 0 }

  private static let indices = Dictionary(uniqueKeysWithValues: zip(allCases, allCases.indices))
}
