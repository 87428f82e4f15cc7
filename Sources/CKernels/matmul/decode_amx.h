// What the decoders of rows to bfloat16 share; see decode_amx.c.
#pragma once
#include "amx.h"
#include "methods.h"

SOTTO_INLINE const uint8_t *sotto_row_of(const sotto_view *view, const uint8_t *plane, size_t stride, size_t row,
                                          size_t r) {
  return plane + (row + r < view->rows ? row + r : view->rows - 1) * stride;
}

SOTTO_INLINE_AVX512 void sotto_put(sotto_amx_block *out, size_t r, __m512i values) {
  _mm512_store_si512(out->values[r], values);
}

/// Keeps numbers in memory: to spread one from there costs nothing, from a register a permutation.
#define SOTTO_IN_MEMORY(numbers) __asm__ volatile("" : "+m"(numbers))

/// 32 numbers: 16 signed bytes at `p` with each of two scales and minimums.
SOTTO_INLINE_AVX512 __m512i sotto_scaled(const int8_t *p, float scale, float second, float minimum,
                                         float second_minimum) {
  __m512 low = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
  __m512 high = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(p + 16))));
  return sotto_bfloats(_mm512_fmadd_ps(low, _mm512_set1_ps(scale), _mm512_set1_ps(minimum)),
                       _mm512_fmadd_ps(high, _mm512_set1_ps(second), _mm512_set1_ps(second_minimum)));
}

/// The doubled values of E2M1 as bfloat16, twice: upper bits of indices are anything. Zeros are 2^-66, so that they too
/// may be multiplied by adding to their exponents; beside 1, that is nothing in float32.
SOTTO_INLINE_AVX512 __m512i sotto_e2m1_bfloats(void) {
  // 0, 1, 2, 3, 4, 6, 8, 12.
  const __m128i positive = _mm_setr_epi16(61 << 7, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40c0, 0x4100, 0x4140);
  const __m128i negative = _mm_or_si128(positive, _mm_set1_epi16((short)0x8000));
  return _mm512_broadcast_i64x4(_mm256_set_m128i(negative, positive));
}
