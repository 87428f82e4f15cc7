// Few tokens with AVX-512: Q2_K and Q3_K, with two bits of every number in four planes of 32 columns.
#if defined(__x86_64__)
#include "rows_avx512.h"

/// A number for each block, in the lanes of its part.
SOTTO_INLINE_AVX512 __m512i of_blocks(const int a, const int b, const int c, const int d) {
  return _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
}

/// Two bits of columns 0..15 (`part` 0) or 16..31 of four blocks, from 32 bytes; the other bits are not zero.
SOTTO_INLINE_AVX512 __m512i take_pairs(const uint8_t *p, size_t part) {
  __m512i bytes = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(p + 16 * part)));
  return _mm512_srlv_epi32(bytes, of_blocks(0, 2, 4, 6));
}

/// Byte 2 * b + part of every row's eight bytes at `offset`, in the lanes of block b.
SOTTO_INLINE_AVX512 void take_bytes(const sotto_four_rows *rows, size_t offset, __m512i out[2]) {
  const uint8_t *const *p = rows->values;
  __m128i a = _mm_unpacklo_epi64(_mm_loadu_si64(p[0] + offset), _mm_loadu_si64(p[1] + offset));
  __m128i b = _mm_unpacklo_epi64(_mm_loadu_si64(p[2] + offset), _mm_loadu_si64(p[3] + offset));
  __m512i all = _mm512_castsi256_si512(_mm256_set_m128i(b, a));
  const __m512i first = _mm512_setr_epi32(0, 8, 16, 24, 2, 10, 18, 26, 4, 12, 20, 28, 6, 14, 22, 30);
  const __mmask64 lowest = 0x1111111111111111;
  out[0] = _mm512_maskz_permutexvar_epi8(lowest, first, all);
  out[1] = _mm512_maskz_permutexvar_epi8(lowest, _mm512_add_epi32(first, _mm512_set1_epi32(1)), all);
}

SOTTO_INLINE_AVX512 void take_q2_k(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                   sotto_row_step *out) {
  (void)left, (void)whole;  // super-blocks are whole steps
  const size_t super = step / 2 * 84, half = step % 2;
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 2; i++)
      out->values[r][i] = sotto_keep(take_pairs(rows->values[r] + super + 16 + 32 * half, i), 3, (char)128);
  __m512i bytes[2];
  take_bytes(rows, super + 8 * half, bytes);
  __m128i numbers = sotto_words_of_rows(rows, super + 80);
  __m128 d = _mm_cvtph_ps(_mm_cvtepi32_epi16(numbers));
  __m128 dmin = _mm_cvtph_ps(_mm_cvtepi32_epi16(_mm_srli_epi32(numbers, 16)));
  dmin = _mm_sub_ps(_mm_setzero_ps(), dmin);
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    __m512 scale = _mm512_cvtepi32_ps(sotto_low(bytes[i])), minimum = _mm512_cvtepi32_ps(sotto_high(bytes[i]));
    out->scale[i] = _mm512_mul_ps(_mm512_broadcast_f32x4(d), scale);
    out->minimum[i] = _mm512_mul_ps(_mm512_broadcast_f32x4(dmin), minimum);
  }
}

SOTTO_INLINE_AVX512 void take_q3_k(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                   sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 110, half = step % 2;
  const __m512i offset = _mm512_set1_epi8(124), four = _mm512_set1_epi8(4);
  // Bit b of byte i is the third bit of column i of block b.
  const __m512i bits = _mm512_sllv_epi32(_mm512_set1_epi32(0x01010101),
                                         _mm512_add_epi32(of_blocks(0, 1, 2, 3), _mm512_set1_epi32((int)(4 * half))));
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 2; i++) {
      const uint8_t *p = rows->values[r] + super;
      __m512i pairs = _mm512_and_si512(take_pairs(p + 32 + 32 * half, i), _mm512_set1_epi8(3));
      __m512i values = _mm512_add_epi8(pairs, offset);
      __m128i third = _mm_loadu_si128((const __m128i *)(p + 16 * i));
      __mmask64 there = _mm512_test_epi8_mask(_mm512_broadcast_i32x4(third), bits);
      out->values[r][i] = _mm512_mask_add_epi8(values, there, values, four);
    }
  // Scale 8 * half + 2 * b + i: a nibble of byte 2 * b + i, and two bits of one of four bytes.
  __m512i bytes[2], upper = _mm512_broadcast_i32x4(sotto_words_of_rows(rows, super + 104));
  take_bytes(rows, super + 96, bytes);
  __m128 d = _mm_cvtph_ps(_mm_cvtepi32_epi16(_mm_srli_epi32(sotto_words_of_rows(rows, super + 106), 16)));
  const __m512i nibble = _mm512_set1_epi32((int)(4 * half));
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    __m512i shifts = _mm512_add_epi32(of_blocks(8 * i, 16 + 8 * i, 2 + 8 * i, 18 + 8 * i), nibble);
    __m512i high = _mm512_and_si512(_mm512_srlv_epi32(upper, shifts), _mm512_set1_epi32(3));
    __m512i low = sotto_low(_mm512_srlv_epi32(bytes[i], nibble));
    __m512i scale = _mm512_sub_epi32(_mm512_or_si512(low, _mm512_slli_epi32(high, 4)), _mm512_set1_epi32(32));
    out->scale[i] = _mm512_mul_ps(_mm512_broadcast_f32x4(d), _mm512_cvtepi32_ps(scale));
  }
}

SOTTO_ROWS(sotto_rows_q2_k_avx512, take_q2_k, 42, SOTTO_HALF_MINIMUMS)
SOTTO_ROWS(sotto_rows_q3_k_avx512, take_q3_k, 55, SOTTO_HALVES)
#endif
