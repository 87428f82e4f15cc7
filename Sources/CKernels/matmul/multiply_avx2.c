// The integer product with AVX2, 8 rows per register. `maddubs` requires one unsigned factor and adds pairs in 16
// bits with saturation: the weight's magnitude is that factor and its sign is applied to the token. Magnitudes are at
// most 128 and 127, so a pair stays within 32512 and every sum is exact.
#if defined(__x86_64__)
#include "eight_rows.h"

enum { STEP = 4 };  // tokens whose sums fit the 16 registers

/// 8 rows (from `half` on) of `count` (a constant after inlining) tokens, the first of them at `x`.
SOTTO_INLINE SOTTO_TARGET_AVX2 void multiply(const sotto_panel_block *panel, const uint8_t *x, size_t first,
                                             size_t tokens, size_t blocks, size_t half, float (*sums)[SOTTO_TILE],
                                             const sotto_panel_kind kind, const size_t count) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256 sum[STEP];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) sum[t] = _mm256_loadu_ps(sums[t] + half);
  for (size_t b = 0; b < blocks; b++, panel++, x += tokens * SOTTO_PACK_BYTES) {
    const uint8_t *values = x + SOTTO_BLOCK * first;
    const float *scale = (const float *)(x + SOTTO_BLOCK * tokens) + first, *total = scale + 3 * tokens;
    const int32_t *start = (const int32_t *)(scale + tokens), *before = start + tokens;
    __m256i product[STEP];
#pragma clang loop unroll(full)
    for (size_t t = 0; t < count; t++) product[t] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
    for (size_t quad = 0; quad < 8; quad++) {
      if (sotto_has_halves(kind) && quad == 4) {
        __m256 scales = _mm256_load_ps(panel->scale[0] + half);
#pragma clang loop unroll(full)
        for (size_t t = 0; t < count; t++) {
          sum[t] = sotto_add_scaled(sum[t], product[t], scales, scale[t]);
          product[t] = _mm256_setzero_si256();
        }
      }
      __m256i weights = _mm256_load_si256((const __m256i *)panel->values[quad][half]);
      __m256i magnitudes = _mm256_abs_epi8(weights);
#pragma clang loop unroll(full)
      for (size_t t = 0; t < count; t++) {
        __m256i token = _mm256_set1_epi32((int)sotto_load32(values + SOTTO_BLOCK * t + 4 * quad));
        __m256i pairs = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(token, weights));
        product[t] = _mm256_add_epi32(product[t], _mm256_madd_epi16(pairs, ones));
      }
    }
    __m256 scales = _mm256_load_ps(panel->scale[sotto_has_halves(kind)] + half);
#pragma clang loop unroll(full)
    for (size_t t = 0; t < count; t++) {
      sum[t] = sotto_add_scaled(sum[t], product[t], scales, scale[t]);
      sum[t] = sotto_add_minimums(sum[t], panel, half, kind, scale[t], start[t], before[t], total[t]);
    }
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) _mm256_storeu_ps(sums[t] + half, sum[t]);
}

SOTTO_INLINE SOTTO_TARGET_AVX2 void multiply_all(const void *panel, const void *x, size_t blocks, size_t tokens,
                                                 float (*sums)[SOTTO_TILE], const sotto_panel_kind kind) {
  for (size_t t = 0; t < tokens; t += STEP)
    for (size_t half = 0; half < SOTTO_TILE; half += 8) switch (tokens - t) {
        case 1: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, 1); break;
        case 2: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, 2); break;
        case 3: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, 3); break;
        default: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, 4);
      }
}

#define MULTIPLY(name, kind)                                                                          \
  SOTTO_TARGET_AVX2 void name(const void *panel, const void *x, size_t blocks, size_t tokens,         \
                              float (*sums)[SOTTO_TILE]) {                                            \
    multiply_all(panel, x, blocks, tokens, sums, kind);                                               \
  }

MULTIPLY(sotto_multiply_plain_avx2, SOTTO_PLAIN)
MULTIPLY(sotto_multiply_halves_avx2, SOTTO_HALVES)
MULTIPLY(sotto_multiply_minimums_avx2, SOTTO_MINIMUMS)
MULTIPLY(sotto_multiply_half_minimums_avx2, SOTTO_HALF_MINIMUMS)
#endif
