// The integer product with Arm's 8-bit matrix multiplication (i8mm): an instruction multiplies two rows by two tokens
// over 8 columns, twice as much as a dot product. Panels hold pairs of rows, and packs hold pairs of tokens:
//   panel values [4 octets of columns][8 pairs of rows][2][8]
//   pack values [pair of tokens][4 octets][2][8]; a last single token's [4 octets][8]
// The integers are those of the dot products, and so are the sums.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#include "methods.h"

#define TARGET __attribute__((target("dotprod,i8mm")))

enum { PAIRS = 4, TOKENS = 2 * PAIRS };  // tokens at a time: with 4 rows, their sums and products fill 16 registers

/// 8 columns of a pair of tokens, or of one token twice.
SOTTO_INLINE TARGET int8x16_t octet_of_pair(const int8_t *pair, const size_t octet, const int is_single) {
  if (is_single) return vreinterpretq_s8_s64(vld1q_dup_s64((const int64_t *)(const void *)(pair + 8 * octet)));
  return vld1q_s8(pair + 16 * octet);
}

/// products[t] += 4 rows (from `four` on) times `count` tokens over octets `first` ..< `last`.
SOTTO_INLINE TARGET void multiply_octets(const sotto_panel_block *panel, size_t four, const int8_t *values,
                                         int32x4_t products[TOKENS], const size_t count, const size_t first,
                                         const size_t last) {
  const int8_t *rows = &panel->values[0][0][0];
  int32x4_t sums[PAIRS][2];
#pragma clang loop unroll(full)
  for (size_t p = 0; 2 * p < count; p++) sums[p][0] = sums[p][1] = vdupq_n_s32(0);
#pragma clang loop unroll(full)
  for (size_t octet = first; octet < last; octet++) {
    int8x16_t a = vld1q_s8(rows + 128 * octet + 8 * four), b = vld1q_s8(rows + 128 * octet + 8 * four + 16);
#pragma clang loop unroll(full)
    for (size_t p = 0; 2 * p < count; p++) {
      int8x16_t pair = octet_of_pair(values + 2 * SOTTO_BLOCK * p, octet, 2 * p + 1 == count);
      sums[p][0] = vmmlaq_s32(sums[p][0], a, pair);
      sums[p][1] = vmmlaq_s32(sums[p][1], b, pair);
    }
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++)
    products[t] = t % 2 ? vuzp2q_s32(sums[t / 2][0], sums[t / 2][1]) : vuzp1q_s32(sums[t / 2][0], sums[t / 2][1]);
}

/// Rows four ..< four + 4 of `count` (a constant after inlining) tokens, the first of them number `first`.
SOTTO_INLINE TARGET void multiply(const sotto_panel_block *panel, const uint8_t *x, size_t first, size_t tokens,
                                  size_t blocks, size_t four, float (*sums)[SOTTO_TILE], const sotto_panel_kind kind,
                                  const size_t count) {
  float32x4_t sum[TOKENS];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) sum[t] = vld1q_f32(sums[t] + four);
  for (size_t b = 0; b < blocks; b++, panel++, x += tokens * SOTTO_PACK_BYTES) {
    const int8_t *values = (const int8_t *)x + SOTTO_BLOCK * first;
    const float *scale = (const float *)(x + SOTTO_BLOCK * tokens) + first, *total = scale + 3 * tokens;
    const int32_t *start = (const int32_t *)(scale + tokens), *before = start + tokens;
    int32x4_t products[TOKENS];
#pragma clang loop unroll(full)
    for (size_t half = 0; half < 2; half++) {
      if (half == 1 && !sotto_has_halves(kind)) break;
      multiply_octets(panel, four, values, products, count, 2 * half, sotto_has_halves(kind) ? 2 * half + 2 : 4);
      float32x4_t scales = vld1q_f32(panel->scale[half] + four);
#pragma clang loop unroll(full)
      for (size_t t = 0; t < count; t++)
        sum[t] = vfmaq_f32(sum[t], vcvtq_f32_s32(products[t]), vmulq_n_f32(scales, scale[t]));
    }
    if (kind == SOTTO_MINIMUMS)
#pragma clang loop unroll(full)
      for (size_t t = 0; t < count; t++)
        sum[t] = vfmaq_n_f32(sum[t], vld1q_f32(panel->minimum[0] + four), total[t]);
    if (kind == SOTTO_HALF_MINIMUMS)
#pragma clang loop unroll(full)
      for (size_t t = 0; t < count; t++) {
        // The sums in a pack are times -128.
        float low = (float)before[t] * -0x1p-7f * scale[t];
        float high = (float)(start[t] - before[t]) * -0x1p-7f * scale[t];
        sum[t] = vfmaq_n_f32(sum[t], vld1q_f32(panel->minimum[0] + four), low);
        sum[t] = vfmaq_n_f32(sum[t], vld1q_f32(panel->minimum[1] + four), high);
      }
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) vst1q_f32(sums[t] + four, sum[t]);
}

SOTTO_INLINE TARGET void multiply_all(const void *panel, const void *x, size_t blocks, size_t tokens,
                                      float (*sums)[SOTTO_TILE], const sotto_panel_kind kind) {
  for (size_t t = 0; t < tokens; t += TOKENS)
    for (size_t four = 0; four < SOTTO_TILE; four += 4) switch (tokens - t) {
#define CASE(n) \
  case n: multiply(panel, x, t, tokens, blocks, four, sums + t, kind, n); break;
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
        CASE(7)
#undef CASE
        default: multiply(panel, x, t, tokens, blocks, four, sums + t, kind, TOKENS);
      }
}

#define MULTIPLY(name, kind)                                                                          \
  TARGET void name(const void *panel, const void *x, size_t blocks, size_t tokens,                    \
                   float (*sums)[SOTTO_TILE]) {                                                       \
    multiply_all(panel, x, blocks, tokens, sums, kind);                                               \
  }

MULTIPLY(sotto_multiply_plain_i8mm, SOTTO_PLAIN)
MULTIPLY(sotto_multiply_halves_i8mm, SOTTO_HALVES)
MULTIPLY(sotto_multiply_minimums_i8mm, SOTTO_MINIMUMS)
MULTIPLY(sotto_multiply_half_minimums_i8mm, SOTTO_HALF_MINIMUMS)

void sotto_pack_integers_i8mm(const float *x, size_t columns, size_t token, size_t tokens, void *pack) {
  const size_t blocks = columns / SOTTO_BLOCK;
  uint8_t one[SOTTO_PACK_BYTES], *out = pack;
  const size_t start = token / 2 * 2 * SOTTO_BLOCK, is_single = token % 2 == 0 && token + 1 == tokens;
  for (size_t b = 0; b < blocks; b++, x += SOTTO_BLOCK, out += tokens * SOTTO_PACK_BYTES) {
    sotto_pack_integers_neon(x, SOTTO_BLOCK, 0, 1, one);
    for (size_t octet = 0; octet < 4; octet++)
      memcpy(out + start + (is_single ? 8 * octet : 16 * octet + token % 2 * 8), one + 8 * octet, 8);
    // A scale, two integers and a sum.
    for (size_t i = 0; i < 4; i++)
      memcpy(out + SOTTO_BLOCK * tokens + 4 * (i * tokens + token), one + SOTTO_BLOCK + 4 * i, 4);
  }
}

/// Panels of dot products with the values in the order above.
static void reorder(sotto_panel_block *panel, size_t blocks) {
  for (size_t b = 0; b < blocks; b++, panel++) {
    int8_t quads[8][SOTTO_TILE][4], *out = &panel->values[0][0][0];
    memcpy(quads, panel->values, sizeof quads);
    for (size_t octet = 0; octet < 4; octet++)
      for (size_t r = 0; r < SOTTO_TILE; r++)
        for (size_t i = 0; i < 2; i++) memcpy(out + 128 * octet + 8 * r + 4 * i, quads[2 * octet + i][r], 4);
  }
}

void sotto_decode_edge_i8mm(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel) {
  sotto_decode_portable(view, row, first, blocks, panel);
  reorder(panel, blocks);
}
#endif
