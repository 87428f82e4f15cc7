// Few tokens with AVX-512: the formats with blocks of 32 columns. A step of four rows costs some 25 cycles beside
// the tokens' own, so that one core keeps up with memory.
#if defined(__x86_64__)
#include "rows_avx512.h"

/// Where the numbers of four blocks lie, as indices of bytes into two registers of 64 bytes that are loaded from the
/// first byte and from `second` bytes on; and of scales, by row.
SOTTO_INLINE_AVX512 __m512i values_index(const int stride, const int at, const int second) {
  _Alignas(64) uint8_t index[64];
  for (int b = 0; b < 4; b++)
    for (int i = 0; i < 16; i++) {
      int offset = b * stride + at + i;
      index[16 * b + i] = (uint8_t)(offset < 64 ? offset : 64 + offset - second);
    }
  return _mm512_load_si512(index);
}

/// The lanes of one row.
SOTTO_INLINE_AVX512 __m512i row_index(const int stride, const int size) {
  _Alignas(64) uint8_t index[64];
  for (int i = 0; i < 64; i++) index[i] = (uint8_t)(i / 16 * stride + (i % 4 < size ? i % 4 : 0));
  return _mm512_load_si512(index);
}

/// Bytes 0 ..< size of the lanes of row r.
#define LANES(r, size) (((1ull << (size)) - 1) * 0x0001000100010001ull << (4 * (r)))

SOTTO_INLINE_AVX512 __m512i doubled_e2m1(void) {
  return _mm512_broadcast_i32x4(_mm_setr_epi8((char)128, (char)129, (char)130, (char)131, (char)132, (char)134,
                                              (char)136, (char)140, (char)128, 127, 126, 125, 124, 122, 120, 116));
}

SOTTO_INLINE_AVX512 __m512 half_of_e8m0(__m512i x) {
  __m512i exponents = _mm512_sub_epi32(x, _mm512_set1_epi32(1));
  exponents = _mm512_max_epi32(exponents, _mm512_set1_epi32(127 - 60));
  exponents = _mm512_min_epi32(exponents, _mm512_set1_epi32(127 + 60));
  return _mm512_castsi512_ps(_mm512_slli_epi32(exponents, 23));
}

SOTTO_INLINE_AVX512 void nibbles(__m512i bytes, __m512i out[2], const sotto_weight_format format) {
  __m512i low = sotto_low(bytes), high = sotto_high(bytes);
  const int is_float = format == SOTTO_MXFP4 || format == SOTTO_MXFP4_PLANAR;
  if (is_float) {
    out[0] = _mm512_shuffle_epi8(doubled_e2m1(), low);
    out[1] = _mm512_shuffle_epi8(doubled_e2m1(), high);
  } else {
    const __m512i offset = _mm512_set1_epi8((char)(format == SOTTO_Q4_0 ? 120 : 128));
    out[0] = _mm512_add_epi8(low, offset);
    out[1] = _mm512_add_epi8(high, offset);
  }
}

typedef struct {
  const uint8_t *values[4], *scales[4];
} rows_of_step;

/// Formats of 16 bytes of nibbles behind scales.
SOTTO_INLINE_AVX512 void take_nibbles(const rows_of_step *rows, size_t left, sotto_row_step *out, const int whole,
                                      const sotto_weight_format format, const int stride) {
  const int at = stride - 16, second = 4 * stride - 64;
  const __m512i values = values_index(stride, at, second), index = row_index(stride, at);
  const ptrdiff_t bytes = (ptrdiff_t)left * stride;
  __m512i scales = _mm512_setzero_si512();
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    __m512i first = sotto_load_some(rows->values[r], bytes, whole);
    __m512i rest = sotto_load_some(rows->values[r] + second, bytes - second, whole);
    nibbles(_mm512_permutex2var_epi8(first, values, rest), out->values[r], format);
    scales = _mm512_mask_permutexvar_epi8(scales, LANES(r, at), index, first);
  }
  if (format == SOTTO_MXFP4) {
    out->scale[0] = half_of_e8m0(scales);
  } else {
    out->scale[0] = sotto_halves_low(scales);
    if (format == SOTTO_Q4_1) out->minimum = sotto_halves_high(scales);
  }
}

SOTTO_INLINE_AVX512 void take_planar(const rows_of_step *rows, size_t left, sotto_row_step *out, const int whole) {
  __m128i scales = _mm_setzero_si128();
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    nibbles(sotto_load_some(rows->values[r], (ptrdiff_t)left * 16, whole), out->values[r], SOTTO_MXFP4_PLANAR);
    __mmask16 some = whole ? 0xf : (__mmask16)((1 << left) - 1);
    __m128i four = whole ? _mm_loadu_si32(rows->scales[r]) : _mm_maskz_loadu_epi8(some, rows->scales[r]);
    scales = _mm_mask_broadcastd_epi32(scales, (__mmask8)(1 << r), four);
  }
  const __m512i shifts = _mm512_setr_epi32(0, 0, 0, 0, 8, 8, 8, 8, 16, 16, 16, 16, 24, 24, 24, 24);
  __m512i all = _mm512_srlv_epi32(_mm512_broadcast_i32x4(scales), shifts);
  out->scale[0] = half_of_e8m0(_mm512_and_si512(all, _mm512_set1_epi32(255)));
}

SOTTO_INLINE_AVX512 __m256i load_block(const uint8_t *p, int is_there) {
  return is_there ? _mm256_loadu_si256((const __m256i *)p) : _mm256_setzero_si256();
}

SOTTO_INLINE_AVX512 void take_q8_0(const rows_of_step *rows, size_t left, sotto_row_step *out, const int whole) {
  enum { STRIDE = 34 };
  const __m512i index = row_index(STRIDE, 2);
  __m512i scales = _mm512_setzero_si512();
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r];
    __m512i two[2];
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
      size_t b = 2 * (size_t)i;
      __m256i even = load_block(p + b * STRIDE + 2, whole || b < left);
      __m256i odd = load_block(p + (b + 1) * STRIDE + 2, whole || b + 1 < left);
      two[i] = _mm512_inserti64x4(_mm512_castsi256_si512(even), odd, 1);
      two[i] = _mm512_xor_si512(two[i], _mm512_set1_epi8((char)128));
    }
    out->values[r][0] = _mm512_shuffle_i64x2(two[0], two[1], 0x88);
    out->values[r][1] = _mm512_shuffle_i64x2(two[0], two[1], 0xdd);
    ptrdiff_t bytes = (ptrdiff_t)left * STRIDE;
    __m512i first = sotto_load_some(p, bytes, whole);
    __m512i rest = sotto_load_some(p + 2 * STRIDE, bytes - 2 * STRIDE, whole);
    scales = _mm512_mask_permutexvar_epi8(scales, LANES(r, 2) & 0xffffffff, index, first);
    // Blocks 2 and 3 lie in the second register as 0 and 1 do in the first.
    scales = _mm512_mask_permutexvar_epi8(scales, LANES(r, 2) & ~0xffffffffull,
                                          _mm512_sub_epi8(index, _mm512_set1_epi8(2 * STRIDE)), rest);
  }
  out->scale[0] = sotto_halves_low(scales);
}

SOTTO_INLINE_AVX512 void take(const rows_of_step *rows, size_t left, sotto_row_step *out, const int whole,
                              const sotto_weight_format format) {
  switch (format) {
    case SOTTO_Q4_0: take_nibbles(rows, left, out, whole, format, 18); break;
    case SOTTO_Q4_1: take_nibbles(rows, left, out, whole, format, 20); break;
    case SOTTO_MXFP4: take_nibbles(rows, left, out, whole, format, 17); break;
    case SOTTO_MXFP4_PLANAR: take_planar(rows, left, out, whole); break;
    default: take_q8_0(rows, left, out, whole); break;
  }
}

SOTTO_INLINE_AVX512 void multiply_rows(const sotto_view *view, size_t row, const sotto_row_pack *pack,
                                       ptrdiff_t ahead, float (*sums)[SOTTO_TILE], const size_t count,
                                       const sotto_weight_format format, const size_t block, const int kind) {
  size_t blocks = view->columns / SOTTO_BLOCK, steps = (blocks + 3) / 4;
  rows_of_step rows;
#pragma clang loop unroll(full)
  for (size_t r = 0; r < 4; r++) {
    size_t index = row + r < view->rows ? row + r : view->rows - 1;
    rows.values[r] = view->values + index * view->row_bytes;
    rows.scales[r] = view->scales ? view->scales + index * view->scale_row_bytes : NULL;
  }
  __m128 sum[SOTTO_ROW_TOKENS];
  for (size_t t = 0; t < count; t++) sum[t] = _mm_setzero_ps();
  for (size_t s = 0; s < blocks / 4; s++, pack++) {
    sotto_row_step step;
    take(&rows, 4, &step, 1, format);
    sotto_add_step(&step, pack, steps, sum, count, kind);
#pragma clang loop unroll(full)
    for (int r = 0; r < 4; r++) {
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 4 * block; i += 64) __builtin_prefetch(rows.values[r] + ahead + i);
      rows.values[r] += 4 * block;
      rows.scales[r] += 4;
    }
  }
  if (blocks % 4) {
    sotto_row_step step;
    take(&rows, blocks % 4, &step, 0, format);
    sotto_add_step(&step, pack, steps, sum, count, kind);
  }
  for (size_t t = 0; t < count; t++) _mm_storeu_ps(sums[t], sum[t]);
}

#define ROWS(name, format, block, kind)                                                                             \
  SOTTO_INLINE_AVX512 void name##_of(const sotto_view *view, size_t row, const void *pack, ptrdiff_t ahead,         \
                                     float (*sums)[SOTTO_TILE], const size_t count) {                               \
    multiply_rows(view, row, pack, ahead, sums, count, format, block, kind);                                        \
  }                                                                                                                 \
  SOTTO_TARGET_AVX512 void name(const sotto_view *view, size_t row, const void *pack, size_t tokens,                \
                                ptrdiff_t ahead, float (*sums)[SOTTO_TILE]) {                                       \
    SOTTO_FOR_TOKENS(tokens, name##_of, view, row, pack, ahead, sums)                                               \
  }
ROWS(sotto_rows_q4_0_avx512, SOTTO_Q4_0, 18, SOTTO_PLAIN)
ROWS(sotto_rows_q4_1_avx512, SOTTO_Q4_1, 20, SOTTO_MINIMUMS)
ROWS(sotto_rows_q8_0_avx512, SOTTO_Q8_0, 34, SOTTO_PLAIN)
ROWS(sotto_rows_mxfp4_avx512, SOTTO_MXFP4, 17, SOTTO_POWERS)
ROWS(sotto_rows_mxfp4_planar_avx512, SOTTO_MXFP4_PLANAR, 16, SOTTO_POWERS)

/// One token's pack, rearranged from the bytes of the other packs.
SOTTO_INLINE_AVX512 void pack_rows(const float *x, size_t columns, uint8_t *out, const int by_parity) {
  sotto_row_pack *pack = (sotto_row_pack *)out;
  for (size_t k = 0; k < columns; k += SOTTO_STEP, pack++) {
    size_t blocks = (columns - k < SOTTO_STEP ? columns - k : SOTTO_STEP) / SOTTO_BLOCK;
    uint8_t four[4 * SOTTO_PACK_BYTES] = {0};
    sotto_pack_integers_avx512(x + k, blocks * SOTTO_BLOCK, 0, 1, four);
    memset(pack->start, 0, sizeof pack->start);
    memset(pack->half, 0, sizeof pack->half);
    for (int b = 0; b < 4; b++) {
      const uint8_t *from = four + b * SOTTO_PACK_BYTES;
      __m128i first = _mm_loadu_si128((const __m128i *)from), second = _mm_loadu_si128((const __m128i *)from + 1);
      if (by_parity) {
        const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
        first = _mm_shuffle_epi8(first, order), second = _mm_shuffle_epi8(second, order);
        __m128i even = _mm_unpacklo_epi64(first, second);
        second = _mm_unpackhi_epi64(first, second);
        first = even;
      }
      _mm_store_si128((__m128i *)pack->values[0] + b, first);
      _mm_store_si128((__m128i *)pack->values[1] + b, second);
      memcpy(pack->start + 4 * b, from + 36, 4);
      memcpy(pack->half + 4 * b, from + 40, 4);
      _mm_store_ps(pack->scale + 4 * b, _mm_set1_ps(sotto_float_from_bits(sotto_load32(from + 32))));
      _mm_store_ps(pack->sum + 4 * b, _mm_set1_ps(sotto_float_from_bits(sotto_load32(from + 44))));
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_pack_rows_avx512(const float *x, size_t columns, size_t token, size_t tokens,
                                                void *pack) {
  (void)tokens;
  size_t steps = (columns + SOTTO_STEP - 1) / SOTTO_STEP;
  pack_rows(x, columns, (uint8_t *)pack + token * steps * sizeof(sotto_row_pack), 0);
}

SOTTO_TARGET_AVX512 void sotto_pack_rows_by_parity_avx512(const float *x, size_t columns, size_t token,
                                                          size_t tokens, void *pack) {
  (void)tokens;
  size_t steps = (columns + SOTTO_STEP - 1) / SOTTO_STEP;
  pack_rows(x, columns, (uint8_t *)pack + token * steps * sizeof(sotto_row_pack), 1);
}
#endif
