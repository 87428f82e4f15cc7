// The integer product with NEON's dot product, 4 rows per register; a token's quad is selected by its lane, so
// broadcasting it is free.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "methods.h"

// Tokens and registers of 4 rows: their sums and products take 16 of the 32 registers, and none is spilled. 0.114
// instructions per multiply-add; 6 tokens or 16 rows have more of them.
enum { STEP = 4, FOURS = 2 };

/// Rows row ..< row + 8 of `count` (a constant after inlining) tokens, the first of them number `first` of the group.
SOTTO_INLINE SOTTO_TARGET_NEON void multiply(const sotto_panel_block *panel, const uint8_t *x, size_t first,
                                             size_t tokens, size_t blocks, size_t row, float (*sums)[SOTTO_TILE],
                                             const sotto_panel_kind kind, const size_t count) {
  float32x4_t sum[STEP][FOURS];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < FOURS; i++) sum[t][i] = vld1q_f32(sums[t] + row + 4 * i);
  for (size_t b = 0; b < blocks; b++, panel++, x += tokens * SOTTO_PACK_BYTES) {
    const int8_t *values = (const int8_t *)x + SOTTO_BLOCK * first;
    const float *scale = (const float *)(x + SOTTO_BLOCK * tokens) + first, *total = scale + 3 * tokens;
    const int32_t *start = (const int32_t *)(scale + tokens), *before = start + tokens;
    int32x4_t product[STEP][FOURS];
#pragma clang loop unroll(full)
    for (size_t half = 0; half < 2; half++) {
      if (half == 0 || sotto_has_halves(kind))
#pragma clang loop unroll(full)
        for (size_t t = 0; t < count; t++)
#pragma clang loop unroll(full)
          for (size_t i = 0; i < FOURS; i++) product[t][i] = vdupq_n_s32(0);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < FOURS; i++) {
        const int8_t *rows = &panel->values[4 * half][row + 4 * i][0];
        int8x16_t w0 = vld1q_s8(rows), w1 = vld1q_s8(rows + 64), w2 = vld1q_s8(rows + 128), w3 = vld1q_s8(rows + 192);
#pragma clang loop unroll(full)
        for (size_t t = 0; t < count; t++) {
          int8x16_t token = vld1q_s8(values + SOTTO_BLOCK * t + 16 * half);
          product[t][i] = vdotq_laneq_s32(product[t][i], w0, token, 0);
          product[t][i] = vdotq_laneq_s32(product[t][i], w1, token, 1);
          product[t][i] = vdotq_laneq_s32(product[t][i], w2, token, 2);
          product[t][i] = vdotq_laneq_s32(product[t][i], w3, token, 3);
        }
      }
      if (half == 0 && !sotto_has_halves(kind)) continue;
#pragma clang loop unroll(full)
      for (size_t i = 0; i < FOURS; i++) {
        float32x4_t scales = vld1q_f32(panel->scale[sotto_has_halves(kind) ? half : 0] + row + 4 * i);
#pragma clang loop unroll(full)
        for (size_t t = 0; t < count; t++)
          sum[t][i] = vfmaq_f32(sum[t][i], vcvtq_f32_s32(product[t][i]), vmulq_n_f32(scales, scale[t]));
      }
    }
    if (kind == SOTTO_MINIMUMS)
#pragma clang loop unroll(full)
      for (size_t i = 0; i < FOURS; i++)
#pragma clang loop unroll(full)
        for (size_t t = 0; t < count; t++)
          sum[t][i] = vfmaq_n_f32(sum[t][i], vld1q_f32(panel->minimum[0] + row + 4 * i), total[t]);
    if (kind == SOTTO_HALF_MINIMUMS)
#pragma clang loop unroll(full)
      for (size_t t = 0; t < count; t++) {
        // The sums in a pack are times -128.
        float low = (float)before[t] * -0x1p-7f * scale[t];
        float high = (float)(start[t] - before[t]) * -0x1p-7f * scale[t];
#pragma clang loop unroll(full)
        for (size_t i = 0; i < FOURS; i++) {
          sum[t][i] = vfmaq_n_f32(sum[t][i], vld1q_f32(panel->minimum[0] + row + 4 * i), low);
          sum[t][i] = vfmaq_n_f32(sum[t][i], vld1q_f32(panel->minimum[1] + row + 4 * i), high);
        }
      }
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < FOURS; i++) vst1q_f32(sums[t] + row + 4 * i, sum[t][i]);
}

SOTTO_INLINE SOTTO_TARGET_NEON void multiply_all(const void *panel, const void *x, size_t blocks, size_t tokens,
                                                 float (*sums)[SOTTO_TILE], const sotto_panel_kind kind) {
  for (size_t t = 0; t < tokens; t += STEP)
    for (size_t row = 0; row < SOTTO_TILE; row += 4 * FOURS) switch (tokens - t) {
        case 1: multiply(panel, x, t, tokens, blocks, row, sums + t, kind, 1); break;
        case 2: multiply(panel, x, t, tokens, blocks, row, sums + t, kind, 2); break;
        case 3: multiply(panel, x, t, tokens, blocks, row, sums + t, kind, 3); break;
        default: multiply(panel, x, t, tokens, blocks, row, sums + t, kind, STEP);
      }
}

#define MULTIPLY(name, kind)                                                                          \
  SOTTO_TARGET_NEON void name(const void *panel, const void *x, size_t blocks, size_t tokens,         \
                              float (*sums)[SOTTO_TILE]) {                                            \
    multiply_all(panel, x, blocks, tokens, sums, kind);                                               \
  }

MULTIPLY(sotto_multiply_plain_neon, SOTTO_PLAIN)
MULTIPLY(sotto_multiply_halves_neon, SOTTO_HALVES)
MULTIPLY(sotto_multiply_minimums_neon, SOTTO_MINIMUMS)
MULTIPLY(sotto_multiply_half_minimums_neon, SOTTO_HALF_MINIMUMS)
#endif
