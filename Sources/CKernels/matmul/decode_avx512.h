// Steps that AVX-512 decoders share. 16 rows are loaded 16 bytes at a time and transposed, so that a register holds
// one 4-byte piece of every row: some 30 instructions for 256 bytes.
#pragma once
#include <immintrin.h>
#include <string.h>

#include "product.h"

#define SOTTO_INLINE_AVX512 SOTTO_INLINE SOTTO_TARGET_AVX512

/// A decoder's place: the 16 rows' first block, and where the panel is.
typedef struct {
  const uint8_t *rows[SOTTO_TILE];
} sotto_rows;

/// Pointers to the 16 rows of a plane; rows beyond the matrix repeat its last one.
SOTTO_INLINE sotto_rows sotto_rows_of(const sotto_view *view, const uint8_t *plane, size_t stride, size_t row) {
  sotto_rows out;
  for (size_t r = 0; r < SOTTO_TILE; r++)
    out.rows[r] = plane + (row + r < view->rows ? row + r : view->rows - 1) * stride;
  return out;
}

/// out[i] = 4 bytes of every row, from `offset` + 4 * i on.
SOTTO_INLINE_AVX512 void sotto_transpose(const sotto_rows *rows, size_t offset, __m512i out[4]) {
  __m512i quarter[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    const uint8_t *const *p = rows->rows + i;
    quarter[i] = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(p[0] + offset)));
    quarter[i] = _mm512_inserti32x4(quarter[i], _mm_loadu_si128((const __m128i *)(p[4] + offset)), 1);
    quarter[i] = _mm512_inserti32x4(quarter[i], _mm_loadu_si128((const __m128i *)(p[8] + offset)), 2);
    quarter[i] = _mm512_inserti32x4(quarter[i], _mm_loadu_si128((const __m128i *)(p[12] + offset)), 3);
  }
  __m512i a = _mm512_unpacklo_epi32(quarter[0], quarter[1]), b = _mm512_unpackhi_epi32(quarter[0], quarter[1]);
  __m512i c = _mm512_unpacklo_epi32(quarter[2], quarter[3]), d = _mm512_unpackhi_epi32(quarter[2], quarter[3]);
  out[0] = _mm512_unpacklo_epi64(a, c);
  out[1] = _mm512_unpackhi_epi64(a, c);
  out[2] = _mm512_unpacklo_epi64(b, d);
  out[3] = _mm512_unpackhi_epi64(b, d);
}

SOTTO_INLINE_AVX512 void sotto_store_quad(sotto_panel_block *panel, int quad, __m512i values) {
  _mm512_store_si512(panel->values[quad], values);
}

/// 16 float16 numbers in the low halves of 4-byte lanes.
SOTTO_INLINE_AVX512 __m512 sotto_halves_low(__m512i x) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(x)); }
SOTTO_INLINE_AVX512 __m512 sotto_halves_high(__m512i x) { return sotto_halves_low(_mm512_srli_epi32(x, 16)); }

/// The low and the high nibbles of every byte.
SOTTO_INLINE_AVX512 __m512i sotto_low(__m512i x) { return _mm512_and_si512(x, _mm512_set1_epi8(15)); }
SOTTO_INLINE_AVX512 __m512i sotto_high(__m512i x) { return sotto_low(_mm512_srli_epi16(x, 4)); }
/// (x & mask) | bits.
SOTTO_INLINE_AVX512 __m512i sotto_keep(__m512i x, char mask, char bits) {
  return _mm512_ternarylogic_epi32(x, _mm512_set1_epi8(mask), _mm512_set1_epi8(bits), 0xea);
}

/// The bytes whose lowest bit is bit first, first + step, ... of every row's 4 bytes.
SOTTO_INLINE_AVX512 __m512i sotto_spread_bits(__m512i x, int first, int step) {
  uint64_t control = 0;
  for (int i = 0; i < 4; i++) {
    control |= (uint64_t)((first + i * step) & 63) << (8 * i);
    control |= (uint64_t)((32 + first + i * step) & 63) << (32 + 8 * i);
  }
  return _mm512_multishift_epi64_epi8(_mm512_set1_epi64((long long)control), x);
}
