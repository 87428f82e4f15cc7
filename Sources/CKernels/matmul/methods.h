// The functions that methods consist of, by instruction set.
#pragma once
#include "product.h"

void sotto_pack_floats(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_pack_integers_portable(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_multiply_integers_portable(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                      float (*sums)[SOTTO_TILE]);
void sotto_multiply_half_minimums_portable(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                           float (*sums)[SOTTO_TILE]);
void sotto_multiply_floats_portable(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                    float (*sums)[SOTTO_TILE]);
void sotto_store_portable(const float (*sums)[SOTTO_TILE], size_t tokens, const float bias[SOTTO_TILE],
                          const sotto_place *place);
#if defined(__x86_64__)
void sotto_store_avx2(const float (*sums)[SOTTO_TILE], size_t tokens, const float bias[SOTTO_TILE],
                      const sotto_place *place);
void sotto_store_avx512(const float (*sums)[SOTTO_TILE], size_t tokens, const float bias[SOTTO_TILE],
                        const sotto_place *place);
void sotto_pack_integers_avx2(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_multiply_floats_avx2(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                float (*sums)[SOTTO_TILE]);
void sotto_multiply_floats_avx512(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                  float (*sums)[SOTTO_TILE]);
void sotto_multiply_plain_avx2(const void *panel, const void *pack, size_t blocks, size_t tokens,
                               float (*sums)[SOTTO_TILE]);
void sotto_multiply_halves_avx2(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                float (*sums)[SOTTO_TILE]);
void sotto_multiply_minimums_avx2(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                  float (*sums)[SOTTO_TILE]);
void sotto_multiply_half_minimums_avx2(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                       float (*sums)[SOTTO_TILE]);
void sotto_decode_integers_avx2(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_floats_avx2(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);

// AVX2 with AVX-VNNI.
void sotto_decode_integers_vnni(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_edge_vnni(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_multiply_plain_vnni(const void *panel, const void *pack, size_t blocks, size_t tokens,
                               float (*sums)[SOTTO_TILE]);
void sotto_multiply_halves_vnni(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                float (*sums)[SOTTO_TILE]);
void sotto_multiply_minimums_vnni(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                  float (*sums)[SOTTO_TILE]);
void sotto_multiply_half_minimums_vnni(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                       float (*sums)[SOTTO_TILE]);

// AVX-512.
void sotto_multiply_plain_avx512(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                 float (*sums)[SOTTO_TILE]);
void sotto_multiply_halves_avx512(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                  float (*sums)[SOTTO_TILE]);
void sotto_multiply_minimums_avx512(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                    float (*sums)[SOTTO_TILE]);
void sotto_multiply_half_minimums_avx512(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                         float (*sums)[SOTTO_TILE]);
void sotto_multiply_powers_avx512(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                  float (*sums)[SOTTO_TILE]);
void sotto_multiply_bfloats_avx512(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                   float (*sums)[SOTTO_TILE]);
void sotto_pack_integers_avx512(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_pack_bfloats_avx512(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_decode_q4_0_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_q4_1_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_q5_0_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_q5_1_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_q8_0_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_q4_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_q5_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_q6_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_mxfp4_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_mxfp4_planar_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_q2_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_q3_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_iq4_nl_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_iq4_xs_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_affine1_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_affine2_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_affine3_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_affine4_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_affine5_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_affine6_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_affine8_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_floats_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_bfloats_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_float8_floats_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_float8_bfloats_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_multiply_scaled_bfloats_avx512(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                          float (*sums)[SOTTO_TILE]);
void sotto_decode_float8_bfloats_edge(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_nvfp4_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_nvfp4_planar_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_edge_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_bfloats_edge(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
sotto_decode sotto_decoder_avx512(sotto_weight_format format);
void sotto_pack_rows_avx512(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_pack_rows_by_parity_avx512(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_rows_q4_0_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_rows_q4_1_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_rows_q8_0_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_rows_q5_0_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_rows_q5_1_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_rows_q5_k_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_rows_iq1_s_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_decode_iq1_s_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_rows_iq1_m_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_decode_iq1_m_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_rows_iq2_xxs_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_decode_iq2_xxs_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_rows_iq2_xs_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_decode_iq2_xs_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_rows_iq2_s_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_decode_iq2_s_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_rows_iq3_xxs_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_decode_iq3_xxs_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_rows_iq3_s_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_decode_iq3_s_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_rows_tq2_0_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_decode_tq2_0_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_rows_q4_k_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_rows_q6_k_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                            float (*sums)[SOTTO_TILE]);
void sotto_rows_mxfp4_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                             float (*sums)[SOTTO_TILE]);
void sotto_rows_mxfp4_planar_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens,
                                    ptrdiff_t ahead, float (*sums)[SOTTO_TILE]);
void sotto_rows_iq4_nl_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                              float (*sums)[SOTTO_TILE]);
void sotto_rows_iq4_xs_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                              float (*sums)[SOTTO_TILE]);
void sotto_rows_affine4_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                               float (*sums)[SOTTO_TILE]);
void sotto_rows_affine8_avx512(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,
                               float (*sums)[SOTTO_TILE]);
#elif defined(__aarch64__)
void sotto_pack_integers_neon(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_store_neon(const float (*sums)[SOTTO_TILE], size_t tokens, const float bias[SOTTO_TILE],
                      const sotto_place *place);
void sotto_multiply_floats_neon(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                float (*sums)[SOTTO_TILE]);
void sotto_decode_integers_neon(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_floats_neon(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_multiply_plain_neon(const void *panel, const void *pack, size_t blocks, size_t tokens,
                               float (*sums)[SOTTO_TILE]);
void sotto_multiply_halves_neon(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                float (*sums)[SOTTO_TILE]);
void sotto_multiply_minimums_neon(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                  float (*sums)[SOTTO_TILE]);
void sotto_multiply_half_minimums_neon(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                       float (*sums)[SOTTO_TILE]);

// NEON with i8mm.
void sotto_pack_integers_i8mm(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_decode_integers_i8mm(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_decode_edge_i8mm(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel);
void sotto_multiply_plain_i8mm(const void *panel, const void *pack, size_t blocks, size_t tokens,
                               float (*sums)[SOTTO_TILE]);
void sotto_multiply_halves_i8mm(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                float (*sums)[SOTTO_TILE]);
void sotto_multiply_minimums_i8mm(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                  float (*sums)[SOTTO_TILE]);
void sotto_multiply_half_minimums_i8mm(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                       float (*sums)[SOTTO_TILE]);
#endif

#if defined(__x86_64__) || defined(__aarch64__)
/// The function for few tokens with AVX2 or NEON, or NULL.
sotto_multiply_rows sotto_rows_vectors(sotto_weight_format format);
void sotto_pack_rows_vectors(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
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
