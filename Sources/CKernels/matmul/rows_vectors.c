// Few tokens with AVX2 and NEON: rows of a weight are multiplied as they are in memory, four at a time, without panels.
// A step is one block of four rows. These are the same additions in the same order as with panels, so results do not
// depend on the method.
#if defined(__x86_64__) || defined(__aarch64__)
#include "four_rows.h"

#if defined(__x86_64__)
#include "unpack_avx2.h"

#define TARGET SOTTO_TARGET_AVX2
#else
#define TARGET SOTTO_TARGET_NEON
#endif

#if defined(__x86_64__)
typedef __m256i row_values;  // columns 0..31, plus the format's offset

SOTTO_INLINE TARGET row_values take_values(const uint8_t *p, size_t index, const sotto_weight_format format) {
  return unpack_32(p, index, format);
}

/// The sums of pairs of products of columns 0..15 and of 16..31, in the two halves. See multiply_avx2.c: one factor is
/// unsigned, and 16 bits suffice for a pair.
SOTTO_INLINE TARGET __m256i multiply_row(row_values w, __m256i token, const int is_signed) {
  __m256i pairs = is_signed ? _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(token, w))
                            : _mm256_maddubs_epi16(w, token);
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/// products[half]: four rows' columns of a half times the token's; products[0] those of both unless halves are apart.
SOTTO_INLINE TARGET void dot(const row_values values[4], const row_pack *x, integers products[2],
                             const sotto_weight_format format, const int halves) {
  const int offset = offset_of(format);
  __m256i token = _mm256_loadu_si256((const __m256i *)x->values), sums[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) sums[r] = multiply_row(values[r], token, offset < 0);
  __m256i a = _mm256_add_epi32(_mm256_unpacklo_epi32(sums[0], sums[1]), _mm256_unpackhi_epi32(sums[0], sums[1]));
  __m256i b = _mm256_add_epi32(_mm256_unpacklo_epi32(sums[2], sums[3]), _mm256_unpackhi_epi32(sums[2], sums[3]));
  __m256i c = _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
  integers first = (integers)_mm256_castsi256_si128(c), second = (integers)_mm256_extracti128_si256(c, 1);
  // The sums in a pack are times -128.
  const int32_t all = offset > 0 ? (x->start >> 7) * offset : 0, half = offset > 0 ? (x->half >> 7) * offset : 0;
  products[0] = halves ? first + half : first + second + all;
  products[1] = second + (all - half);
}
#else
typedef struct {
  int8x16_t half[2];
} row_values;

SOTTO_INLINE TARGET row_values take_values(const uint8_t *p, size_t index, const sotto_weight_format format) {
  bytes values[2];
  unpack(p, index, format, values);
  return (row_values){{(int8x16_t)values[0], (int8x16_t)values[1]}};
}

SOTTO_INLINE TARGET integers add_across(const int32x4_t x[4]) {
  return (integers)vpaddq_s32(vpaddq_s32(x[0], x[1]), vpaddq_s32(x[2], x[3]));
}

/// products[half]: four rows' columns of a half times the token's; products[0] those of both unless halves are apart.
SOTTO_INLINE TARGET void dot(const row_values values[4], const row_pack *x, integers products[2],
                             const sotto_weight_format format, const int halves) {
  (void)format;
  const int8x16_t first = vld1q_s8(x->values), second = vld1q_s8(x->values + 16);
  int32x4_t sums[4], others[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    sums[r] = vdotq_s32(vdupq_n_s32(0), values[r].half[0], first);
    if (halves)
      others[r] = vdotq_s32(vdupq_n_s32(0), values[r].half[1], second);
    else
      sums[r] = vdotq_s32(sums[r], values[r].half[1], second);
  }
  products[0] = add_across(sums);
  if (halves) products[1] = add_across(others);
}
#endif

SOTTO_VECTOR floats spread(float x) { return (floats){x, x, x, x}; }
/// x * y + sum, rounded once.
SOTTO_VECTOR floats add_product(floats x, floats y, floats sum) { return __builtin_elementwise_fma(x, y, sum); }
SOTTO_VECTOR floats to_floats(integers x) { return __builtin_convertvector(x, floats); }

/// Adds a block's products to the sums of `count` (a constant after inlining) tokens.
SOTTO_INLINE TARGET void add_block(const row_values values[4], const four_scales *scales, const row_pack *pack,
                                   size_t stride, floats *sum, const size_t count, const sotto_weight_format format,
                                   const sotto_panel_kind kind) {
  const int halves = sotto_has_halves(kind);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) {
    const row_pack *x = pack + t * stride;
    integers products[2];
    dot(values, x, products, format, halves);
#pragma clang loop unroll(full)
    for (int half = 0; half < 1 + halves; half++)
      sum[t] = add_product(to_floats(products[half]), scales->scale[half] * spread(x->scale), sum[t]);
    if (kind == SOTTO_MINIMUMS) sum[t] = add_product(scales->minimum[0], spread(x->sum), sum[t]);
    if (kind == SOTTO_HALF_MINIMUMS) {
      // The sums in a pack are times -128.
      sum[t] = add_product(scales->minimum[0], spread((float)x->half * -0x1p-7f * x->scale), sum[t]);
      sum[t] = add_product(scales->minimum[1], spread((float)(x->start - x->half) * -0x1p-7f * x->scale), sum[t]);
    }
  }
}

/// Rows row ..< row + 4 of `count` tokens.
SOTTO_INLINE TARGET void multiply_four(const sotto_view *view, size_t row, const row_pack *pack, ptrdiff_t ahead,
                                float (*sums)[SOTTO_TILE], const size_t count, const sotto_weight_format format,
                                const size_t stride, const sotto_panel_kind kind) {
  enum { STEP = 4 };  // blocks between prefetches
  const int is_super = sotto_is_super(format);
  const size_t eight = is_super ? stride : 8 * stride;  // bytes of eight blocks
  const size_t blocks = view->columns / SOTTO_BLOCK;
  four_rows rows = {.matrix = view->matrix};
#pragma clang loop unroll(full)
  for (size_t r = 0; r < 4; r++) {
    size_t index = row + r < view->rows ? row + r : view->rows - 1;
    rows.values[r] = view->values + index * view->row_bytes;
    rows.scales[r] = view->scales ? view->scales + index * view->scale_row_bytes : NULL;
    rows.biases[r] = view->biases ? view->biases + index * view->bias_row_bytes : NULL;
  }
  floats sum[SOTTO_ROW_TOKENS_VECTORS];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) sum[t] = spread(0);
  super_words super;
  for (size_t b = 0; b < blocks; b++) {
    const size_t at = (is_super ? b / 8 : b) * stride;
    if (b % STEP == 0)
      for (int r = 0; r < 4; r++) {
        const uint8_t *p = rows.values[r] + b * eight / 8 + ahead;
        for (size_t i = 0; i < STEP * eight / 8; i += 64) __builtin_prefetch(p + i, 0, 2);
      }
    four_scales scales;
    if (is_super) {
      if (b % 8 == 0) load_super(&rows, at, format, &super);
      take_super_scales(&rows, at, &super, b % 8, format, &scales);
    } else {
      take_scales(&rows, at, b, format, &scales);
    }
    row_values values[4];
#pragma clang loop unroll(full)
    for (int r = 0; r < 4; r++) values[r] = take_values(rows.values[r] + at, b % 8, format);
    add_block(values, &scales, pack + b, blocks, sum, count, format, kind);
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) memcpy(sums[t], &sum[t], sizeof *sum);
}

/// A sotto_multiply_rows.
#define ROWS(name, format, stride, kind)                                                                                   \
  TARGET static void name(const sotto_view *view, size_t row, const void *pack, size_t tokens, ptrdiff_t ahead,      \
                          float (*sums)[SOTTO_TILE]) {                                                               \
    switch (tokens) {                                                                                                \
      case 1: multiply_four(view, row, pack, ahead, sums, 1, format, stride, kind); break;                                 \
      case 2: multiply_four(view, row, pack, ahead, sums, 2, format, stride, kind); break;                                 \
      case 3: multiply_four(view, row, pack, ahead, sums, 3, format, stride, kind); break;                                 \
      case 4: multiply_four(view, row, pack, ahead, sums, 4, format, stride, kind); break;                           \
      case 5: multiply_four(view, row, pack, ahead, sums, 5, format, stride, kind); break;                           \
      case 6: multiply_four(view, row, pack, ahead, sums, 6, format, stride, kind); break;                           \
      case 7: multiply_four(view, row, pack, ahead, sums, 7, format, stride, kind); break;                           \
      case 8: multiply_four(view, row, pack, ahead, sums, 8, format, stride, kind); break;                           \
      default: break;                                                                                                \
    }                                                                                                                \
  }

ROWS(rows_q4_0, SOTTO_Q4_0, 18, SOTTO_PLAIN)
ROWS(rows_q4_1, SOTTO_Q4_1, 20, SOTTO_MINIMUMS)
ROWS(rows_q5_0, SOTTO_Q5_0, 22, SOTTO_PLAIN)
ROWS(rows_q5_1, SOTTO_Q5_1, 24, SOTTO_MINIMUMS)
ROWS(rows_q8_0, SOTTO_Q8_0, 34, SOTTO_PLAIN)
ROWS(rows_q2_k, SOTTO_Q2_K, 84, SOTTO_HALF_MINIMUMS)
ROWS(rows_q3_k, SOTTO_Q3_K, 110, SOTTO_HALVES)
ROWS(rows_q4_k, SOTTO_Q4_K, 144, SOTTO_MINIMUMS)
ROWS(rows_q5_k, SOTTO_Q5_K, 176, SOTTO_MINIMUMS)
ROWS(rows_q6_k, SOTTO_Q6_K, 210, SOTTO_HALVES)
ROWS(rows_mxfp4, SOTTO_MXFP4, 17, SOTTO_PLAIN)
ROWS(rows_mxfp4_planar, SOTTO_MXFP4_PLANAR, 16, SOTTO_PLAIN)
ROWS(rows_iq4_nl, SOTTO_IQ4_NL, 18, SOTTO_PLAIN)
ROWS(rows_iq4_xs, SOTTO_IQ4_XS, 136, SOTTO_PLAIN)
ROWS(rows_tq2_0, SOTTO_TQ2_0, 66, SOTTO_PLAIN)
ROWS(rows_affine2, SOTTO_AFFINE2, 8, SOTTO_MINIMUMS)
ROWS(rows_affine3, SOTTO_AFFINE3, 12, SOTTO_MINIMUMS)
ROWS(rows_affine4, SOTTO_AFFINE4, 16, SOTTO_MINIMUMS)
ROWS(rows_affine5, SOTTO_AFFINE5, 20, SOTTO_MINIMUMS)
ROWS(rows_affine6, SOTTO_AFFINE6, 24, SOTTO_MINIMUMS)
ROWS(rows_affine8, SOTTO_AFFINE8, 32, SOTTO_MINIMUMS)

sotto_multiply_rows sotto_rows_vectors(sotto_weight_format format) {
  static const sotto_multiply_rows rows[SOTTO_WEIGHT_FORMATS] = {
      [SOTTO_Q4_0] = rows_q4_0,       [SOTTO_Q4_1] = rows_q4_1,       [SOTTO_Q5_0] = rows_q5_0,
      [SOTTO_Q5_1] = rows_q5_1,       [SOTTO_Q8_0] = rows_q8_0,       [SOTTO_Q4_K] = rows_q4_k,
      [SOTTO_Q5_K] = rows_q5_k,       [SOTTO_Q6_K] = rows_q6_k,       [SOTTO_MXFP4] = rows_mxfp4,
      [SOTTO_MXFP4_PLANAR] = rows_mxfp4_planar, [SOTTO_IQ4_NL] = rows_iq4_nl, [SOTTO_IQ4_XS] = rows_iq4_xs,
      [SOTTO_Q2_K] = rows_q2_k,       [SOTTO_Q3_K] = rows_q3_k,
      [SOTTO_TQ2_0] = rows_tq2_0,
      [SOTTO_AFFINE2] = rows_affine2, [SOTTO_AFFINE3] = rows_affine3, [SOTTO_AFFINE4] = rows_affine4,
      [SOTTO_AFFINE5] = rows_affine5, [SOTTO_AFFINE6] = rows_affine6, [SOTTO_AFFINE8] = rows_affine8,
  };
  return rows[format];
}

/// A token's blocks one after another.
TARGET void sotto_pack_rows_vectors(const float *x, size_t columns, size_t token, size_t tokens, void *pack) {
  (void)tokens;
  row_pack *out = (row_pack *)pack + token * (columns / SOTTO_BLOCK);
#if defined(__x86_64__)
  sotto_pack_integers_avx2(x, columns, 0, 1, out);
#else
  sotto_pack_integers_neon(x, columns, 0, 1, out);
#endif
}
#endif
