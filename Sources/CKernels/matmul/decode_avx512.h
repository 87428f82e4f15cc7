// Helpers of the AVX-512 decoders. 16 rows are loaded 16 bytes at a time and transposed, so that a register holds one
// 4-byte piece of every row: about 30 instructions for 256 bytes.
#pragma once
#include <immintrin.h>
#include <string.h>

#include "product.h"

#define SOTTO_INLINE_AVX512 SOTTO_INLINE SOTTO_TARGET_AVX512

/// 16 rows of a plane: their first byte and the stride.
typedef struct {
  const uint8_t *first;
  size_t stride;
} sotto_tile_rows;

/// Row 0, 1, 2 or 3 from `p` on; written such that addressing costs no instructions.
SOTTO_INLINE const uint8_t *sotto_row(const uint8_t *p, size_t stride, int row) {
  return row == 0 ? p : row == 1 ? p + stride : row == 2 ? p + 2 * stride : p + 3 * stride;
}

/// out[i] = 4 bytes of every row, from `offset` + 4 * i on.
SOTTO_INLINE_AVX512 void sotto_transpose(const sotto_tile_rows *rows, size_t offset, __m512i out[4]) {
  const size_t stride = rows->stride;
  const uint8_t *a0 = rows->first + offset, *a1 = a0 + 4 * stride, *a2 = a1 + 4 * stride, *a3 = a2 + 4 * stride;
  __m512i quarter[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    __m256i low = _mm256_loadu2_m128i((const __m128i *)sotto_row(a1, stride, i),
                                      (const __m128i *)sotto_row(a0, stride, i));
    __m256i high = _mm256_loadu2_m128i((const __m128i *)sotto_row(a3, stride, i),
                                       (const __m128i *)sotto_row(a2, stride, i));
    quarter[i] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }
  __m512i a = _mm512_unpacklo_epi32(quarter[0], quarter[1]), b = _mm512_unpackhi_epi32(quarter[0], quarter[1]);
  __m512i c = _mm512_unpacklo_epi32(quarter[2], quarter[3]), d = _mm512_unpackhi_epi32(quarter[2], quarter[3]);
  out[0] = _mm512_unpacklo_epi64(a, c);
  out[1] = _mm512_unpackhi_epi64(a, c);
  out[2] = _mm512_unpacklo_epi64(b, d);
  out[3] = _mm512_unpackhi_epi64(b, d);
}

/// 4 bytes of each of 4 rows.
SOTTO_INLINE_AVX512 __m128i sotto_gather_four(const uint8_t *p, size_t stride) {
  __m128i x = _mm_loadu_si32(p);
  x = _mm_mask_broadcastd_epi32(x, 2, _mm_loadu_si32(sotto_row(p, stride, 1)));
  x = _mm_mask_broadcastd_epi32(x, 4, _mm_loadu_si32(sotto_row(p, stride, 2)));
  return _mm_mask_broadcastd_epi32(x, 8, _mm_loadu_si32(sotto_row(p, stride, 3)));
}

/// 4 bytes of every row: single loads are cheaper than gather instructions.
SOTTO_INLINE_AVX512 __m512i sotto_gather(const sotto_tile_rows *rows, size_t offset) {
  const size_t stride = rows->stride;
  const uint8_t *a0 = rows->first + offset, *a1 = a0 + 4 * stride, *a2 = a1 + 4 * stride, *a3 = a2 + 4 * stride;
  __m256i low = _mm256_set_m128i(sotto_gather_four(a1, stride), sotto_gather_four(a0, stride));
  __m256i high = _mm256_set_m128i(sotto_gather_four(a3, stride), sotto_gather_four(a2, stride));
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/// Item `index` of `size` (1 or 2) bytes of every row in the low bits of the lanes; the upper bits are undefined.
/// Rows of the plane have at least 4 bytes; nothing beyond a row is read.
SOTTO_INLINE_AVX512 __m512i sotto_gather_item(const sotto_tile_rows *rows, size_t index, size_t size) {
  size_t offset = index * size, last = rows->stride - 4;
  size_t start = offset < last ? offset : last;
  return _mm512_srl_epi32(sotto_gather(rows, start), _mm_cvtsi64_si128((long long)(8 * (offset - start))));
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

/// 128 + the doubled value of every 4-bit number.
SOTTO_INLINE_AVX512 __m512i sotto_doubled_e2m1(void) {
  return _mm512_broadcast_i32x4(_mm_setr_epi8((char)128, (char)129, (char)130, (char)131, (char)132, (char)134,
                                              (char)136, (char)140, (char)128, 127, 126, 125, 124, 122, 120, 116));
}

/// 128 + what the 4-bit numbers of IQ4_NL and IQ4_XS stand for.
SOTTO_INLINE_AVX512 __m512i sotto_iq4(void) {
  return _mm512_broadcast_i32x4(_mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, (char)129, (char)141, (char)153,
                                              (char)166, (char)181, (char)197, (char)217, (char)241));
}

/// A block of IQ4's nibbles from `offset` on.
SOTTO_INLINE_AVX512 void sotto_store_iq4(const sotto_tile_rows *rows, size_t offset, sotto_panel_block *out) {
  __m512i bytes[4];
  sotto_transpose(rows, offset, bytes);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    sotto_store_quad(out, i, _mm512_shuffle_epi8(sotto_iq4(), sotto_low(bytes[i])));
    sotto_store_quad(out, 4 + i, _mm512_shuffle_epi8(sotto_iq4(), sotto_high(bytes[i])));
  }
}

/// Half of the E8M0 scales in the low bytes of the lanes (see sotto_half_of_e8m0).
SOTTO_INLINE_AVX512 __m512 sotto_halves_of_e8m0(__m512i x) {
  __m512i exponents = _mm512_sub_epi32(_mm512_and_si512(x, _mm512_set1_epi32(255)), _mm512_set1_epi32(1));
  exponents = _mm512_max_epi32(exponents, _mm512_set1_epi32(127 - 60));
  exponents = _mm512_min_epi32(exponents, _mm512_set1_epi32(127 + 60));
  return _mm512_castsi512_ps(_mm512_slli_epi32(exponents, 23));
}

/// E4M3 to float32 from byte `index` of the lanes: see sotto_float_from_e4m3, without its subnormal float32 numbers,
/// which would make it many times slower.
SOTTO_INLINE_AVX512 __m512 sotto_from_e4m3(__m512i x, const int index) {
  __m512i magnitude = _mm512_and_si512(_mm512_srli_epi32(x, (unsigned)(8 * index)), _mm512_set1_epi32(127));
  __m512i sign = _mm512_and_si512(_mm512_slli_epi32(x, (unsigned)(24 - 8 * index)), _mm512_set1_epi32((int)0x80000000));
  __mmask16 special = _mm512_cmpeq_epi32_mask(magnitude, _mm512_set1_epi32(127));
  __m512i bits = _mm512_add_epi32(_mm512_slli_epi32(magnitude, 20), _mm512_set1_epi32(120 << 23));
  // Below the least exponent, the leading 1 that normal numbers have is subtracted.
  __m512 next = _mm512_castsi512_ps(_mm512_add_epi32(bits, _mm512_set1_epi32(1 << 23)));
  __mmask16 small = _mm512_cmplt_epi32_mask(magnitude, _mm512_set1_epi32(8));
  __m512 value = _mm512_mask_sub_ps(_mm512_castsi512_ps(bits), small, next, _mm512_set1_ps(0x1p-6f));
  bits = _mm512_mask_mov_epi32(_mm512_castps_si512(value), special, _mm512_set1_epi32(0x7fc00000));
  return _mm512_castsi512_ps(_mm512_or_si512(bits, sign));
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
