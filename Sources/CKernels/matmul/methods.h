// The functions that methods consist of, by instruction set.
#pragma once
#include "product.h"

sotto_pack_function sotto_pack_floats, sotto_pack_integers_portable;
sotto_multiply_function sotto_multiply_integers_portable, sotto_multiply_half_minimums_portable,
    sotto_multiply_floats_portable;
sotto_store_function sotto_store_portable;
#if defined(__x86_64__)
sotto_store_function sotto_store_avx2, sotto_store_avx512;
sotto_pack_function sotto_pack_integers_avx2;
sotto_multiply_function sotto_multiply_floats_avx2, sotto_multiply_floats_avx512, sotto_multiply_plain_avx2,
    sotto_multiply_halves_avx2, sotto_multiply_minimums_avx2, sotto_multiply_half_minimums_avx2;
sotto_decode_function sotto_decode_integers_avx2, sotto_decode_floats_avx2;

// AVX2 with AVX-VNNI.
sotto_decode_function sotto_decode_integers_vnni, sotto_decode_edge_vnni;
sotto_multiply_function sotto_multiply_plain_vnni, sotto_multiply_halves_vnni, sotto_multiply_minimums_vnni,
    sotto_multiply_half_minimums_vnni;

// AVX-512.
sotto_pack_function sotto_pack_integers_avx512, sotto_pack_bfloats_avx512, sotto_pack_rows_avx512,
    sotto_pack_rows_by_parity_avx512;
sotto_decode_function sotto_decode_q4_0_avx512, sotto_decode_q4_1_avx512, sotto_decode_q5_0_avx512,
    sotto_decode_q5_1_avx512, sotto_decode_q8_0_avx512, sotto_decode_q4_k_avx512, sotto_decode_q5_k_avx512,
    sotto_decode_q6_k_avx512, sotto_decode_mxfp4_avx512, sotto_decode_mxfp4_planar_avx512, sotto_decode_q2_k_avx512,
    sotto_decode_q3_k_avx512, sotto_decode_iq4_nl_avx512, sotto_decode_iq4_xs_avx512, sotto_decode_affine1_avx512,
    sotto_decode_affine2_avx512, sotto_decode_affine3_avx512, sotto_decode_affine4_avx512, sotto_decode_affine5_avx512,
    sotto_decode_affine6_avx512, sotto_decode_affine8_avx512, sotto_decode_floats_avx512, sotto_decode_bfloats_avx512,
    sotto_decode_float8_floats_avx512, sotto_decode_float8_bfloats_avx512, sotto_decode_float8_bfloats_edge,
    sotto_decode_nvfp4_avx512, sotto_decode_nvfp4_planar_avx512, sotto_decode_edge_avx512, sotto_decode_bfloats_edge,
    sotto_decode_iq1_s_avx512, sotto_decode_iq1_m_avx512, sotto_decode_iq2_xxs_avx512, sotto_decode_iq2_xs_avx512,
    sotto_decode_iq2_s_avx512, sotto_decode_iq3_xxs_avx512, sotto_decode_iq3_s_avx512, sotto_decode_tq2_0_avx512;
sotto_decode sotto_decoder_avx512(sotto_weight_format format);
sotto_multiply_function sotto_multiply_plain_avx512, sotto_multiply_halves_avx512, sotto_multiply_minimums_avx512,
    sotto_multiply_half_minimums_avx512, sotto_multiply_powers_avx512, sotto_multiply_bfloats_avx512,
    sotto_multiply_scaled_bfloats_avx512;
sotto_multiply_rows_function sotto_rows_q4_0_avx512, sotto_rows_q4_1_avx512, sotto_rows_q8_0_avx512,
    sotto_rows_q5_0_avx512, sotto_rows_q5_1_avx512, sotto_rows_q5_k_avx512, sotto_rows_iq1_s_avx512,
    sotto_rows_iq1_m_avx512, sotto_rows_iq2_xxs_avx512, sotto_rows_iq2_xs_avx512, sotto_rows_iq2_s_avx512,
    sotto_rows_iq3_xxs_avx512, sotto_rows_iq3_s_avx512, sotto_rows_tq2_0_avx512, sotto_rows_q4_k_avx512,
    sotto_rows_q6_k_avx512, sotto_rows_mxfp4_avx512, sotto_rows_mxfp4_planar_avx512, sotto_rows_iq4_nl_avx512,
    sotto_rows_iq4_xs_avx512, sotto_rows_affine4_avx512, sotto_rows_affine8_avx512;
sotto_multiply_tile_function sotto_tile_mxfp4_avx512, sotto_tile_mxfp4_planar_avx512, sotto_tile_q8_0_avx512;
sotto_decode_function sotto_decode_bfloat16_amx, sotto_decode_float16_amx, sotto_decode_float8_amx,
    sotto_decode_panels_amx;
sotto_multiply_tile_function sotto_tile_mxfp4_amx, sotto_tile_mxfp4_planar_amx;
sotto_pack_function sotto_pack_tile_amx, sotto_pack_planar_tile_amx;
/// The columns' order that is cheapest to decode for MXFP4, planar or not: nibble k of all 16-bit words of a block.
extern const uint16_t sotto_nibble_order[SOTTO_BLOCK], sotto_planar_order[SOTTO_BLOCK];
/// The function that decodes any tile of a format to bfloat16, or NULL.
sotto_decode sotto_decoder_amx(sotto_weight_format format);
#elif defined(__aarch64__)
sotto_pack_function sotto_pack_integers_neon;
sotto_store_function sotto_store_neon;
sotto_multiply_function sotto_multiply_floats_neon;
sotto_decode_function sotto_decode_integers_neon, sotto_decode_floats_neon;
sotto_multiply_function sotto_multiply_plain_neon, sotto_multiply_halves_neon, sotto_multiply_minimums_neon,
    sotto_multiply_half_minimums_neon;

// NEON with i8mm.
sotto_pack_function sotto_pack_integers_i8mm;
sotto_decode_function sotto_decode_integers_i8mm, sotto_decode_edge_i8mm;
sotto_multiply_function sotto_multiply_plain_i8mm, sotto_multiply_halves_i8mm, sotto_multiply_minimums_i8mm,
    sotto_multiply_half_minimums_i8mm;
#endif

#if defined(__x86_64__) || defined(__aarch64__)
/// The function for few tokens with AVX2 or NEON, or NULL.
sotto_multiply_rows sotto_rows_vectors(sotto_weight_format format);
sotto_pack_function sotto_pack_rows_vectors;
#endif

/// Stores one token's block in a group's pack at `out`; `halves` are the sums of columns 0..15 and 16..31.
SOTTO_INLINE void sotto_store_pack(uint8_t *out, size_t token, size_t tokens, const int8_t values[SOTTO_BLOCK],
                                   float scale, const int32_t halves[2]) {
  __builtin_memcpy(out + SOTTO_BLOCK * token, values, SOTTO_BLOCK);
  float *scales = (float *)(out + SOTTO_BLOCK * tokens);
  int32_t *starts = (int32_t *)(scales + tokens);
  scales[token] = scale;
  starts[token] = -128 * (halves[0] + halves[1]);
  starts[tokens + token] = -128 * halves[0];
  scales[3 * tokens + token] = scale * (float)(halves[0] + halves[1]);
}

/// `function(..., n)` for the constant n that equals `tokens` (1 to SOTTO_GROUP).
#define SOTTO_FOR_TOKENS(tokens, function, ...)   \
  switch (tokens) {                               \
    case 1: function(__VA_ARGS__, 1); break;      \
    case 2: function(__VA_ARGS__, 2); break;      \
    case 3: function(__VA_ARGS__, 3); break;      \
    case 4: function(__VA_ARGS__, 4); break;      \
    case 5: function(__VA_ARGS__, 5); break;      \
    case 6: function(__VA_ARGS__, 6); break;      \
    case 7: function(__VA_ARGS__, 7); break;      \
    case 8: function(__VA_ARGS__, 8); break;      \
    case 9: function(__VA_ARGS__, 9); break;      \
    case 10: function(__VA_ARGS__, 10); break;    \
    case 11: function(__VA_ARGS__, 11); break;    \
    case 12: function(__VA_ARGS__, 12); break;    \
    default: break;                               \
  }
