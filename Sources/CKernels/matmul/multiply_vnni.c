// The integer product with AVX-VNNI, the dot product of processors without AVX-512: 8 rows per register. Panels hold
// value + 128 as for AVX-512, so sums start at -128 * sum of the token. The sums are those of multiply_avx2.c.
#if defined(__x86_64__)
#include "eight_rows.h"

#define TARGET __attribute__((target("avx2,fma,f16c,bmi,bmi2,avxvnni")))

enum { STEP = 6 };  // tokens whose sums and products fit the 16 registers

/// product[t] += quads `quad` ..< `quad` + 4 of 8 rows times those of `count` tokens.
SOTTO_INLINE TARGET void multiply_quads(const sotto_panel_block *panel, size_t half, const uint8_t *values,
                                        __m256i product[STEP], const size_t quad, const size_t count) {
#pragma clang loop unroll(full)
  for (size_t q = quad; q < quad + 4; q++) {
    __m256i weights = _mm256_load_si256((const __m256i *)panel->values[q][half]);
#pragma clang loop unroll(full)
    for (size_t t = 0; t < count; t++) {
      __m256i token = _mm256_set1_epi32((int)sotto_load32(values + SOTTO_BLOCK * t + 4 * q));
      product[t] = _mm256_dpbusd_avx_epi32(product[t], weights, token);
    }
  }
}

/// 8 rows (from `half` on) of `count` (a constant after inlining) tokens, the first of them number `first`.
SOTTO_INLINE TARGET void multiply(const sotto_panel_block *panel, const uint8_t *x, size_t first, size_t tokens,
                                  size_t blocks, size_t half, float (*sums)[SOTTO_TILE], const sotto_panel_kind kind,
                                  const size_t count) {
  __m256 sum[STEP];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) sum[t] = _mm256_loadu_ps(sums[t] + half);
  for (size_t b = 0; b < blocks; b++, panel++, x += tokens * SOTTO_PACK_BYTES) {
    const uint8_t *values = x + SOTTO_BLOCK * first;
    const float *scale = (const float *)(x + SOTTO_BLOCK * tokens) + first, *total = scale + 3 * tokens;
    const int32_t *start = (const int32_t *)(scale + tokens), *before = start + tokens;
    __m256i product[STEP];
#pragma clang loop unroll(full)
    for (size_t t = 0; t < count; t++) product[t] = _mm256_set1_epi32(sotto_has_halves(kind) ? before[t] : start[t]);
    multiply_quads(panel, half, values, product, 0, count);
    if (sotto_has_halves(kind)) {
      __m256 scales = _mm256_load_ps(panel->scale[0] + half);
#pragma clang loop unroll(full)
      for (size_t t = 0; t < count; t++) {
        sum[t] = sotto_add_scaled(sum[t], product[t], scales, scale[t]);
        product[t] = _mm256_set1_epi32(start[t] - before[t]);
      }
    }
    multiply_quads(panel, half, values, product, 4, count);
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

SOTTO_INLINE TARGET void multiply_all(const void *panel, const void *x, size_t blocks, size_t tokens,
                                      float (*sums)[SOTTO_TILE], const sotto_panel_kind kind) {
  for (size_t t = 0; t < tokens; t += STEP)
    for (size_t half = 0; half < SOTTO_TILE; half += 8) switch (tokens - t) {
        case 1: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, 1); break;
        case 2: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, 2); break;
        case 3: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, 3); break;
        case 4: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, 4); break;
        case 5: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, 5); break;
        default: multiply(panel, x, t, tokens, blocks, half, sums + t, kind, STEP);
      }
}

#define MULTIPLY(name, kind)                                                                          \
  TARGET void name(const void *panel, const void *x, size_t blocks, size_t tokens,                    \
                   float (*sums)[SOTTO_TILE]) {                                                       \
    multiply_all(panel, x, blocks, tokens, sums, kind);                                               \
  }

MULTIPLY(sotto_multiply_plain_vnni, SOTTO_PLAIN)
MULTIPLY(sotto_multiply_halves_vnni, SOTTO_HALVES)
MULTIPLY(sotto_multiply_minimums_vnni, SOTTO_MINIMUMS)
MULTIPLY(sotto_multiply_half_minimums_vnni, SOTTO_HALF_MINIMUMS)

void sotto_decode_edge_vnni(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel) {
  sotto_panel_block *out = panel;
  sotto_decode_portable(view, row, first, blocks, panel);
  for (size_t b = 0; b < blocks; b++) {
    uint8_t *values = (uint8_t *)out[b].values;
    for (size_t i = 0; i < sizeof out[b].values; i++) values[i] ^= 128;
  }
}
#endif
