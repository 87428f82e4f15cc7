// Few tokens: rows of a weight are multiplied as they are in memory, four rows at a time, without panels. A format
// provides a function that decodes one step of a row (128 columns, four blocks); the rest is shared.
//
// A step reads four streams of memory. Its dot products give one register per row, whose 128-bit parts are the
// blocks; four of them are added up and transposed together, so that each part holds one block of all four rows, and
// the blocks are added to the rows' sums one after another. These are the same additions in the same order as with
// panels, so results do not depend on the method.
#pragma once
#include "decode_avx512.h"
#include "methods.h"

enum { SOTTO_STEP = 4 * SOTTO_BLOCK };

/// One token's 128 columns. Blocks beyond the row are zeros.
typedef struct {
  _Alignas(64) int8_t values[2][64];  // of every block columns 0..15 and 16..31, or even and odd ones
  int32_t start[16];  // at 4 * b, -128 * sum of block b; zeros between
  int32_t half[16];   // the same of values[0]
  float scale[16];    // of block b at 4 * b ..< 4 * b + 4
  float sum[16];      // scale * sum of block b, likewise
} sotto_row_pack;

/// One step of four rows. Numbers of row r and block b are at 4 * b + r.
typedef struct {
  __m512i values[4][2];  // value + 128, in the order of the pack
  __m512 scale[2];       // of values[0] and [1]; formats with one scale have the first
  __m512 minimum;
} sotto_row_step;

/// Four rows of the planes.
typedef struct {
  const uint8_t *values[4], *scales[4], *biases[4];
  const sotto_matrix *matrix;
} sotto_four_rows;

/// Decodes step `step`, of which `left` blocks exist: all four if `whole`.
typedef void (*sotto_take)(const sotto_four_rows *rows, size_t step, size_t left, const int whole, sotto_row_step *out);

/// Byte b of the row's 4 bytes in the lanes of block b, for rows in the lanes of `x`.
SOTTO_INLINE_AVX512 __m512 sotto_bytes_of_rows(__m128i x) {
  const __m512i shifts = _mm512_setr_epi32(0, 0, 0, 0, 8, 8, 8, 8, 16, 16, 16, 16, 24, 24, 24, 24);
  __m512i all = _mm512_srlv_epi32(_mm512_broadcast_i32x4(x), shifts);
  return _mm512_cvtepi32_ps(_mm512_and_si512(all, _mm512_set1_epi32(255)));
}

/// 32 bits of every row.
SOTTO_INLINE_AVX512 __m128i sotto_words_of_rows(const sotto_four_rows *rows, size_t offset) {
  const uint8_t *const *p = rows->values;
  __m128i a = _mm_unpacklo_epi32(_mm_loadu_si32(p[0] + offset), _mm_loadu_si32(p[1] + offset));
  __m128i b = _mm_unpacklo_epi32(_mm_loadu_si32(p[2] + offset), _mm_loadu_si32(p[3] + offset));
  return _mm_unpacklo_epi64(a, b);
}

/// 64 bytes at `p`, of which the first `left` exist: all of them if `whole`.
SOTTO_INLINE_AVX512 __m512i sotto_load_some(const uint8_t *p, ptrdiff_t left, const int whole) {
  if (whole || left >= 64) return _mm512_loadu_si512(p);
  return left > 0 ? _mm512_maskz_loadu_epi8(~0ull >> (64 - left), p) : _mm512_setzero_si512();
}

/// The sums of every 128-bit part: of x[r], part b, at 4 * b + r.
SOTTO_INLINE_AVX512 __m512i sotto_add_parts(const __m512i x[4]) {
  __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(x[0], x[1]), _mm512_unpackhi_epi32(x[0], x[1]));
  __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(x[2], x[3]), _mm512_unpackhi_epi32(x[2], x[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

/// Part b of a register.
SOTTO_INLINE_AVX512 __m128 sotto_part(__m512 x, const int b) {
  switch (b) {
    case 0: return _mm512_castps512_ps128(x);
    case 1: return _mm512_extractf32x4_ps(x, 1);
    case 2: return _mm512_extractf32x4_ps(x, 2);
    default: return _mm512_extractf32x4_ps(x, 3);
  }
}

/// Adds one step's products to the sums of `count` (a constant after inlining) tokens.
SOTTO_INLINE_AVX512 void sotto_add_step(const sotto_row_step *step, const sotto_row_pack *pack, size_t stride,
                                        __m128 *sum, const size_t count, const sotto_panel_kind kind) {
  __m512i exponents = _mm512_sub_epi32(_mm512_castps_si512(step->scale[0]), _mm512_set1_epi32(0x3f800000));
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) {
    const sotto_row_pack *x = pack + t * stride;
    __m512i first = _mm512_load_si512(x->values[0]), second = _mm512_load_si512(x->values[1]);
    __m512i start = _mm512_load_si512(x->start), half = _mm512_load_si512(x->half), products[2][4];
#pragma clang loop unroll(full)
    for (int r = 0; r < 4; r++) {
      __m512i product = _mm512_dpbusd_epi32(kind == SOTTO_HALVES ? half : start, step->values[r][0], first);
      products[0][r] = product;
      if (kind == SOTTO_HALVES) product = _mm512_sub_epi32(start, half);
      products[1][r] = _mm512_dpbusd_epi32(product, step->values[r][1], second);
    }
    __m512 token = _mm512_load_ps(x->scale), numbers, scale;
    if (kind == SOTTO_HALVES) {
      numbers = _mm512_mul_ps(_mm512_cvtepi32_ps(sotto_add_parts(products[0])), step->scale[0]);
      numbers = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sotto_add_parts(products[1])), step->scale[1], numbers);
      scale = token;
    } else {
      numbers = _mm512_cvtepi32_ps(sotto_add_parts(products[1]));
      scale = kind == SOTTO_POWERS
                  ? _mm512_castsi512_ps(_mm512_add_epi32(exponents, _mm512_castps_si512(token)))
                  : _mm512_mul_ps(step->scale[0], token);
    }
    __m512 total = _mm512_load_ps(x->sum);
#pragma clang loop unroll(full)
    for (int b = 0; b < 4; b++) {
      sum[t] = _mm_fmadd_ps(sotto_part(numbers, b), sotto_part(scale, b), sum[t]);
      if (kind == SOTTO_MINIMUMS)
        sum[t] = _mm_fmadd_ps(sotto_part(step->minimum, b), sotto_part(total, b), sum[t]);
    }
  }
}

/// The four rows from `row` on; rows beyond the matrix repeat the last one.
SOTTO_INLINE sotto_four_rows sotto_rows_at(const sotto_view *view, size_t row) {
  sotto_four_rows rows = {.matrix = view->matrix};
#pragma clang loop unroll(full)
  for (size_t r = 0; r < 4; r++) {
    size_t index = row + r < view->rows ? row + r : view->rows - 1;
    rows.values[r] = view->values + index * view->row_bytes;
    rows.scales[r] = view->scales ? view->scales + index * view->scale_row_bytes : NULL;
    rows.biases[r] = view->biases ? view->biases + index * view->bias_row_bytes : NULL;
  }
  return rows;
}

/// Rows row ..< row + 4 of `count` tokens; steps of a row have `bytes` bytes (on average).
SOTTO_INLINE_AVX512 void sotto_multiply_four(const sotto_view *view, size_t row, const sotto_row_pack *pack,
                                             ptrdiff_t ahead, float (*sums)[SOTTO_TILE], const size_t count,
                                             const sotto_take take, const size_t bytes, const sotto_panel_kind kind) {
  const size_t blocks = view->columns / SOTTO_BLOCK, steps = (blocks + 3) / 4;
  sotto_four_rows rows = sotto_rows_at(view, row);
  __m128 sum[SOTTO_ROW_TOKENS];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) sum[t] = _mm_setzero_ps();
  sotto_row_step step;
  for (size_t s = 0; s < blocks / 4; s++) {
    // Prefetched into the L2 cache: the L1 cache has 24 line buffers, which at 100 ns limits a core to 15 GB/s; the
    // L2 cache has twice as many (1.5 times the speed for MXFP4, 1.3 times for Q8_0 on Zen 4).
#pragma clang loop unroll(full)
    for (int r = 0; r < 4; r++)
#pragma clang loop unroll(full)
      for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(rows.values[r] + s * bytes + ahead + i, 0, 2);
    take(&rows, s, 4, 1, &step);
    sotto_add_step(&step, pack + s, steps, sum, count, kind);
  }
  if (blocks % 4) {
    take(&rows, blocks / 4, blocks % 4, 0, &step);
    sotto_add_step(&step, pack + blocks / 4, steps, sum, count, kind);
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) _mm_storeu_ps(sums[t], sum[t]);
}

/// A sotto_multiply_rows.
#define SOTTO_ROWS(name, take, bytes, kind)                                                                        \
  SOTTO_TARGET_AVX512 void name(const sotto_view *view, size_t row, const void *pack, size_t tokens,               \
                                ptrdiff_t ahead, float (*sums)[SOTTO_TILE]) {                                      \
    switch (tokens) {                                                                                              \
      case 1: sotto_multiply_four(view, row, pack, ahead, sums, 1, take, bytes, kind); break;                      \
      case 2: sotto_multiply_four(view, row, pack, ahead, sums, 2, take, bytes, kind); break;                      \
      case 3: sotto_multiply_four(view, row, pack, ahead, sums, 3, take, bytes, kind); break;                      \
      case 4: sotto_multiply_four(view, row, pack, ahead, sums, 4, take, bytes, kind); break;                      \
      default: break;                                                                                              \
    }                                                                                                              \
  }
