// Helpers for the formats of lattices with AVX-512: finding points, expanding them, signs and scales.
#pragma once
#include "lattices.h"
#include "rows_avx512.h"

/// A number for each block, in the lanes of its part.
SOTTO_INLINE_AVX512 __m512i lanes_of_blocks(const int a, const int b, const int c, const int d) {
  return _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
}

/// The numbers of four rows, a block in each lane of `row`, in the order of a step.
SOTTO_INLINE_AVX512 __m512i by_block(const __m128i row[4]) {
  __m256i low = _mm256_set_m128i(row[1], row[0]), high = _mm256_set_m128i(row[3], row[2]);
  __m512i all = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), all);
}

/// The float16 numbers at `offset` of every row, for each block.
SOTTO_INLINE_AVX512 __m512 halves_of_rows(const sotto_four_rows *rows, size_t offset) {
  const uint8_t *const *p = rows->values;
  __m128i all = _mm_setr_epi16((short)sotto_load16(p[0] + offset), (short)sotto_load16(p[1] + offset),
                               (short)sotto_load16(p[2] + offset), (short)sotto_load16(p[3] + offset), 0, 0, 0, 0);
  return _mm512_broadcast_f32x4(_mm_cvtph_ps(all));
}

/// Bits first + size * block ... of every row's 32 bits.
SOTTO_INLINE_AVX512 __m512i bits_of_rows(__m128i words, const int first, const int step, const int mask) {
  __m512i shifts = lanes_of_blocks(first, first + step, first + 2 * step, first + 3 * step);
  return _mm512_and_si512(_mm512_srlv_epi32(_mm512_broadcast_i32x4(words), shifts), _mm512_set1_epi32(mask));
}

/// (x + offset) * factor of integers.
SOTTO_INLINE_AVX512 __m512 scaled(__m512i x, const float offset, __m512 factor) {
  return _mm512_mul_ps(_mm512_add_ps(_mm512_cvtepi32_ps(x), _mm512_set1_ps(offset)), factor);
}

/// Seven bits of signs and, above them, the one that makes the number of negative values even.
#define EVEN4(x) x, (uint8_t)((x) + 1) ^ 128, (uint8_t)((x) + 2) ^ 128, (x) + 3
#define ODD4(x) (x) ^ 128, (x) + 1, (x) + 2, ((x) + 3) ^ 128
#define EVEN16(x) EVEN4(x), ODD4((x) + 4), ODD4((x) + 8), EVEN4((x) + 12)
#define ODD16(x) ODD4(x), EVEN4((x) + 4), EVEN4((x) + 8), ODD4((x) + 12)
static const _Alignas(64) uint8_t even_signs[128] = {EVEN16(0),  ODD16(16), ODD16(32), EVEN16(48),
                                                     ODD16(64), EVEN16(80), EVEN16(96), ODD16(112)};

SOTTO_INLINE_AVX512 __m128i with_parity(__m128i seven) {
  __m512i low = _mm512_load_si512(even_signs), high = _mm512_load_si512(even_signs + 64);
  return _mm512_castsi512_si128(_mm512_permutex2var_epi8(low, _mm512_castsi128_si512(seven), high));
}

/// Seven bits each from bit 0, 7, 14 and 21 of four lanes.
SOTTO_INLINE_AVX512 __m128i signs_of_words(__m128i words) {
  __m256i spread = _mm256_multishift_epi64_epi8(_mm256_set1_epi64x(0x00000000150e0700), _mm256_cvtepu32_epi64(words));
  return with_parity(_mm256_cvtepi64_epi32(spread));
}

/// 128 more than the values, and 128 less them where a bit of the signs (a byte for eight columns) is set.
SOTTO_INLINE_AVX512 void put_signed(const __m512i values[2], __m128i signs, __m512i out[2]) {
  const __m512i middle = _mm512_set1_epi8((char)128);
  signs = _mm_shuffle_epi8(signs, _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15));
  __m512i first = _mm512_add_epi8(middle, values[0]), second = _mm512_add_epi8(middle, values[1]);
  out[0] = _mm512_mask_sub_epi8(first, (__mmask64)_mm_cvtsi128_si64(signs), middle, values[0]);
  out[1] = _mm512_mask_sub_epi8(second, (__mmask64)_mm_extract_epi64(signs, 1), middle, values[1]);
}

/// Lanes 0 and 1 of every block, or 2 and 3.
SOTTO_INLINE_AVX512 __m256i pair_of_lanes(__m512i points, const int second) {
  const __m512i index = _mm512_setr_epi32(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
  __m512i ordered = _mm512_permutexvar_epi32(index, points);
  return second ? _mm512_extracti64x4_epi64(ordered, 1) : _mm512_castsi512_si256(ordered);
}

/// Entries of a table of 64 * `parts` 16-bit numbers, for the lowest bits of 32 lanes: an instruction for every 64 of
/// them and a blend, where a gather takes about a cycle for every entry.
SOTTO_INLINE_AVX512 __m512i look_up(__m512i index, const uint16_t *table, const int parts) {
  __m512i found[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < parts; i++)
    found[i] = _mm512_permutex2var_epi16(_mm512_loadu_si512(table + 64 * i), index,
                                         _mm512_loadu_si512(table + 64 * i + 32));
#pragma clang loop unroll(full)
  for (int step = 1, bit = 64; step < parts; step *= 2, bit *= 2) {
    __mmask32 upper = _mm512_test_epi16_mask(index, _mm512_set1_epi16((short)bit));
#pragma clang loop unroll(full)
    for (int i = 0; i < parts; i += 2 * step) found[i] = _mm512_mask_blend_epi16(upper, found[i], found[i + step]);
  }
  return found[0];
}

/// Eight numbers of two bits for every point; points of eight columns are in the order of the columns.
SOTTO_INLINE_AVX512 void gather_eights(__m512i points, const uint16_t *table, __m512i out[2]) {
  const __m512i control = _mm512_set1_epi64(0x0e0c0a0806040200);
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    __m512i packed = _mm512_i32gather_epi64(pair_of_lanes(points, i), table, 2);
    out[i] = _mm512_and_si512(_mm512_multishift_epi64_epi8(control, packed), _mm512_set1_epi8(3));
  }
}

/// The values of IQ2's lattices.
SOTTO_INLINE_AVX512 void gather_iq2(__m512i points, const uint16_t *table, __m512i out[2]) {
  const __m512i values = _mm512_broadcast_i32x4(_mm_setr_epi8(8, 25, 43, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  gather_eights(points, table, out);
  out[0] = _mm512_shuffle_epi8(values, out[0]);
  out[1] = _mm512_shuffle_epi8(values, out[1]);
}

/// What eight two-bit numbers in 16 bits of IQ2 stand for; 16 of them, those of columns 0..15 of each block first.
SOTTO_INLINE_AVX512 void expand_iq2(__m256i packed, __m512i out[2]) {
  const __m512i values = _mm512_broadcast_i32x4(_mm_setr_epi8(8, 25, 43, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  const __m512i control = _mm512_set1_epi64(0x0e0c0a0806040200), two = _mm512_set1_epi8(3);
  __m512i first = _mm512_cvtepu16_epi64(_mm256_castsi256_si128(packed));
  __m512i second = _mm512_cvtepu16_epi64(_mm256_extracti128_si256(packed, 1));
  out[0] = _mm512_shuffle_epi8(values, _mm512_and_si512(_mm512_multishift_epi64_epi8(control, first), two));
  out[1] = _mm512_shuffle_epi8(values, _mm512_and_si512(_mm512_multishift_epi64_epi8(control, second), two));
}

/// The lanes of columns 0..15 of every block, then the others; of 32 lanes, for each half.
SOTTO_INLINE_AVX512 __m512i halves_apart(void) {
  return _mm512_setr_epi64(0x0005000400010000, 0x000d000c00090008, 0x0007000600030002, 0x000f000e000b000a,
                           0x0015001400110010, 0x001d001c00190018, 0x0017001600130012, 0x001f001e001b001a);
}

/// What four three-bit numbers in 16 bits stand for, of 32 points.
SOTTO_INLINE_AVX512 void expand_fours(__m512i packed, __m128i values, __m512i out[2]) {
  const __m512i control = _mm512_set1_epi64(0x2c2824200c080400), three = _mm512_set1_epi8(7);
  const __m512i table = _mm512_broadcast_i32x4(values);
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    __m512i lanes = _mm512_cvtepu16_epi32(i ? _mm512_extracti64x4_epi64(packed, 1) : _mm512_castsi512_si256(packed));
    lanes = _mm512_and_si512(_mm512_multishift_epi64_epi8(control, lanes), three);
    out[i] = _mm512_shuffle_epi8(table, lanes);
  }
}

/// The points of 32 bytes as 16-bit lanes, those of columns 0..15 of every block first.
SOTTO_INLINE_AVX512 __m512i points_of_fours(const uint8_t *p) {
  _Alignas(64) uint8_t index[64];
  for (int i = 0; i < 64; i++) index[i] = (uint8_t)(i / 2 % 16 / 4 * 8 + i / 32 * 4 + i / 2 % 4);
  __m512i bytes = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_maskz_permutexvar_epi8(0x5555555555555555, _mm512_load_si512(index), bytes);
}

/// 128 + 8 x + 1 or, where the lane of eight columns in `less` is 1, - 1, of IQ1's numbers x from -1 to 1.
SOTTO_INLINE_AVX512 void put_eighths(__m512i points, __m512i less, __m512i out[2]) {
  gather_eights(points, sotto_lattice_iq1, out);
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    __m512i down = _mm512_sub_epi64(_mm512_setzero_si512(), _mm512_cvtepu32_epi64(pair_of_lanes(less, i)));
    __m512i offset = _mm512_sub_epi8(_mm512_set1_epi8(121), _mm512_and_si512(down, _mm512_set1_epi8(2)));
    // The numbers have two bits, so that no bit leaves its byte.
    out[i] = _mm512_add_epi8(_mm512_slli_epi16(out[i], 3), offset);
  }
}
