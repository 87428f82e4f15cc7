// How AVX2 unpacks a block of one row for few tokens: 32 numbers of 0 to 127, less a constant of the format, where 16
// bits suffice for the products of pairs; signed numbers otherwise.
#pragma once
#include "unpack_vectors.h"

/// What is added to the numbers of a format; -1 if they stay signed.
SOTTO_VECTOR int offset_of(const sotto_weight_format format) {
  switch (format) {
    case SOTTO_Q3_K: return 4;
    case SOTTO_Q4_0: return 8;
    case SOTTO_Q5_0: return 16;
    case SOTTO_Q6_K: return 32;
    case SOTTO_MXFP4:
    case SOTTO_MXFP4_PLANAR: return 12;
    case SOTTO_TQ2_0: return 1;
    case SOTTO_Q8_0:
    case SOTTO_IQ4_NL:
    case SOTTO_IQ4_XS:
    case SOTTO_AFFINE8: return -1;
    default: return 0;
  }
}

/// 16 bytes of nibbles: the low ones, then the high ones.
SOTTO_VECTOR __m256i nibbles_at(const uint8_t *p) {
  __m256i x = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p));
  return _mm256_and_si256(_mm256_srlv_epi64(x, _mm256_setr_epi64x(0, 0, 4, 4)), _mm256_set1_epi8(15));
}
/// The same with low and high nibbles alternating.
SOTTO_VECTOR __m256i mixed_nibbles_at(const uint8_t *p) {
  // Every 16 bits hold one byte of the nibbles twice, after the shift in the right places.
  __m256i x = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
  return _mm256_and_si256(_mm256_or_si256(x, _mm256_slli_epi16(x, 4)), _mm256_set1_epi8(15));
}
SOTTO_VECTOR __m256i load_32(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
SOTTO_VECTOR __m256i table_of(__m128i table, __m256i x) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), x);
}

/// The numbers of block `index` (of a super-block, at `p`) plus the format's offset.
SOTTO_VECTOR __m256i unpack_32(const uint8_t *p, size_t index, const sotto_weight_format format) {
  const __m128i e2m1 = _mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0);
  const __m128i iq4 = _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
  const __m256i low = _mm256_set1_epi8(15);
  switch (format) {
    case SOTTO_Q4_0: return nibbles_at(p + 2);
    case SOTTO_Q4_1: return nibbles_at(p + 4);
    case SOTTO_Q8_0: return load_32(p + 2);
    case SOTTO_MXFP4: return table_of(e2m1, nibbles_at(p + 1));
    case SOTTO_MXFP4_PLANAR: return table_of(e2m1, mixed_nibbles_at(p));
    case SOTTO_IQ4_NL: return table_of(iq4, nibbles_at(p + 2));
    case SOTTO_IQ4_XS: return table_of(iq4, nibbles_at(p + 8 + 16 * index));
    case SOTTO_AFFINE4: return mixed_nibbles_at(p);
    case SOTTO_AFFINE8: return _mm256_xor_si256(load_32(p), _mm256_set1_epi8((char)128));
    case SOTTO_Q2_K:
    case SOTTO_Q3_K: {
      const __m256i two = _mm256_set1_epi8(3), one = _mm256_set1_epi8(1);
      __m256i x = load_32(p + (format == SOTTO_Q3_K ? 32 : 16) + index / 4 * 32);
      x = _mm256_and_si256(_mm256_srl_epi16(x, _mm_cvtsi32_si128((int)(index % 4 * 2))), two);
      if (format == SOTTO_Q2_K) return x;
      __m256i third = _mm256_srl_epi16(load_32(p), _mm_cvtsi32_si128((int)index));
      return _mm256_or_si256(x, _mm256_slli_epi16(_mm256_and_si256(third, one), 2));
    }
    case SOTTO_Q4_K:
    case SOTTO_Q5_K: {
      __m256i x = load_32(p + (format == SOTTO_Q5_K ? 48 : 16) + index / 2 * 32);
      x = _mm256_and_si256(_mm256_srl_epi16(x, _mm_cvtsi32_si128(index % 2 ? 4 : 0)), low);
      if (format == SOTTO_Q4_K) return x;
      __m256i fifth = _mm256_srl_epi16(load_32(p + 16), _mm_cvtsi32_si128((int)index));
      return _mm256_or_si256(x, _mm256_slli_epi16(_mm256_and_si256(fifth, _mm256_set1_epi8(1)), 4));
    }
    case SOTTO_Q6_K: {
      __m256i x = load_32(p + index / 4 * 64 + index % 2 * 32);
      x = _mm256_and_si256(_mm256_srl_epi16(x, _mm_cvtsi32_si128((int)(index % 4 / 2 * 4))), low);
      __m256i upper = _mm256_srl_epi16(load_32(p + 128 + index / 4 * 32), _mm_cvtsi32_si128((int)(index % 4 * 2)));
      return _mm256_or_si256(x, _mm256_slli_epi16(_mm256_and_si256(upper, _mm256_set1_epi8(3)), 4));
    }
    default: {
      bytes values[2];
      unpack(p, index, format, values);
      __m256i x = _mm256_set_m128i((__m128i)values[1], (__m128i)values[0]);
      return _mm256_add_epi8(x, _mm256_set1_epi8((char)(offset_of(format) > 0 ? offset_of(format) : 0)));
    }
  }
}
