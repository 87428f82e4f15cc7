// Few tokens with AVX-512: the formats with super-blocks of 256 columns, and affine groups.
#if defined(__x86_64__)
#include "rows_avx512.h"

/// Q4_K, or Q5_K whose fifth bits precede the nibbles. Scales and minimums as in decode_avx512_super.c.
SOTTO_INLINE_AVX512 void take_q45_k(const sotto_four_rows *rows, size_t step, sotto_row_step *out,
                                    const int has_fifth) {
  const size_t super = step / 2 * (has_fifth ? 176 : 144), half = step % 2, at = has_fifth ? 48 : 16;
  const __m512i firsts = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
  const __m512i seconds = _mm512_add_epi64(firsts, _mm512_set1_epi64(2));
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    // 32 bytes hold the nibbles of two blocks.
    __m512i bytes = _mm512_loadu_si512(rows->values[r] + super + at + 64 * half);
    __m512i low = sotto_keep(bytes, 15, (char)128), high = sotto_keep(_mm512_srli_epi16(bytes, 4), 15, (char)128);
    out->values[r][0] = _mm512_permutex2var_epi64(low, firsts, high);
    out->values[r][1] = _mm512_permutex2var_epi64(low, seconds, high);
    if (!has_fifth) continue;
    // Bit b of byte i belongs to column i of block b.
    const __m512i blocks = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    const __m512i bits = _mm512_sllv_epi32(_mm512_set1_epi32(0x01010101),
                                           _mm512_add_epi32(blocks, _mm512_set1_epi32((int)(4 * half))));
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
      __m128i fifths = _mm_loadu_si128((const __m128i *)(rows->values[r] + super + 16 + 16 * i));
      __mmask64 there = _mm512_test_epi8_mask(_mm512_broadcast_i32x4(fifths), bits);
      out->values[r][i] = _mm512_mask_add_epi8(out->values[r][i], there, out->values[r][i], _mm512_set1_epi8(16));
    }
  }
  __m128i head = sotto_words_of_rows(rows, super), a = sotto_words_of_rows(rows, super + 4);
  __m128i b = sotto_words_of_rows(rows, super + 8), c = sotto_words_of_rows(rows, super + 12);
  const __m128i two = _mm_set1_epi8(48), four = _mm_set1_epi8(15), six = _mm_set1_epi8(63);
  __m128i scales = _mm_and_si128(a, six), minimums = _mm_and_si128(b, six);
  if (half) {
    scales = _mm_ternarylogic_epi32(two, _mm_srli_epi16(a, 2), _mm_and_si128(c, four), 0xca);
    minimums = _mm_ternarylogic_epi32(two, _mm_srli_epi16(b, 2), _mm_and_si128(_mm_srli_epi16(c, 4), four), 0xca);
  }
  __m128 d = _mm_cvtph_ps(_mm_cvtepi32_epi16(head));
  __m128 dmin = _mm_cvtph_ps(_mm_cvtepi32_epi16(_mm_srli_epi32(head, 16)));
  out->scale[0] = _mm512_mul_ps(_mm512_broadcast_f32x4(d), sotto_bytes_of_rows(scales));
  dmin = _mm_sub_ps(_mm_setzero_ps(), dmin);
  out->minimum = _mm512_mul_ps(_mm512_broadcast_f32x4(dmin), sotto_bytes_of_rows(minimums));
}

SOTTO_INLINE_AVX512 void take_q4_k(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                   sotto_row_step *out) {
  (void)left, (void)whole;  // super-blocks are whole steps
  take_q45_k(rows, step, out, 0);
}

SOTTO_INLINE_AVX512 void take_q5_k(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                   sotto_row_step *out) {
  (void)left, (void)whole;
  take_q45_k(rows, step, out, 1);
}

SOTTO_INLINE_AVX512 void take_iq4_xs(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                     sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 136, half = step % 2;
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    __m512i bytes = _mm512_loadu_si512(rows->values[r] + super + 8 + 64 * half);
    out->values[r][0] = _mm512_shuffle_epi8(sotto_iq4(), sotto_low(bytes));
    out->values[r][1] = _mm512_shuffle_epi8(sotto_iq4(), sotto_high(bytes));
  }
  // As in decode_avx512_super.c, the blocks in the 128-bit parts.
  __m128i head = sotto_words_of_rows(rows, super), low = sotto_words_of_rows(rows, super + 4);
  const __m512i index = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  __m512i block = _mm512_add_epi32(index, _mm512_set1_epi32((int)(4 * half)));
  __m512i lower = _mm512_srlv_epi32(_mm512_broadcast_i32x4(low), _mm512_slli_epi32(block, 2));
  __m512i shift = _mm512_add_epi32(_mm512_slli_epi32(block, 1), _mm512_set1_epi32(12));
  __m512i upper = _mm512_srlv_epi32(_mm512_broadcast_i32x4(head), shift);
  __m512i scale = _mm512_ternarylogic_epi32(_mm512_set1_epi32(15), lower, upper, 0xca);
  scale = _mm512_sub_epi32(_mm512_and_si512(scale, _mm512_set1_epi32(63)), _mm512_set1_epi32(32));
  __m128 d = _mm_cvtph_ps(_mm_cvtepi32_epi16(head));
  out->scale[0] = _mm512_mul_ps(_mm512_broadcast_f32x4(d), _mm512_cvtepi32_ps(scale));
}

/// Columns 0..15 and 16..31 of every block from registers of whole blocks.
SOTTO_INLINE_AVX512 void divide_halves(__m512i low, __m512i high, __m512i out[2]) {
  out[0] = _mm512_shuffle_i64x2(low, high, 0x88);
  out[1] = _mm512_shuffle_i64x2(low, high, 0xdd);
}

SOTTO_INLINE_AVX512 void take_q6_k(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                   sotto_row_step *out) {
  (void)left, (void)whole;
  const size_t super = step / 2 * 210, half = step % 2;
  const __m512i fourth = _mm512_set1_epi8(15), six = _mm512_set1_epi8(63), offset = _mm512_set1_epi8(96);
  const __m512i up = _mm512_setr_epi64(0x0004000400040004, 0x0004000400040004, 0x0004000400040004, 0x0004000400040004,
                                       0x0002000200020002, 0x0002000200020002, 0x0002000200020002, 0x0002000200020002);
  const __m512i down = _mm512_sub_epi16(_mm512_set1_epi16(4), up);
  long long scales[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + super;
    __m512i bytes = _mm512_loadu_si512(p + 64 * half);
    __m512i upper = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(p + 128 + 32 * half)));
    __m512i low = _mm512_ternarylogic_epi32(fourth, bytes, _mm512_sllv_epi16(upper, up), 0xca);
    __m512i high = _mm512_srli_epi16(bytes, 4);
    high = _mm512_ternarylogic_epi32(fourth, high, _mm512_srlv_epi16(upper, down), 0xca);
    low = _mm512_add_epi8(_mm512_and_si512(low, six), offset);
    high = _mm512_add_epi8(_mm512_and_si512(high, six), offset);
    divide_halves(low, high, out->values[r]);
    memcpy(&scales[r], p + 192 + 8 * half, 8);
  }
  // Two scales per block, one for each half: byte 2 * b (+ 1) of the row's, at the upper end of its lane.
  __m512i all = _mm512_castsi256_si512(_mm256_setr_epi64x(scales[0], scales[1], scales[2], scales[3]));
  const __m512i bytes = _mm512_setr_epi32(0, 8, 16, 24, 2, 10, 18, 26, 4, 12, 20, 28, 6, 14, 22, 30);
  const __m512i index = _mm512_slli_epi32(bytes, 24);
  __m128 d = _mm_cvtph_ps(_mm_cvtepi32_epi16(_mm_srli_epi32(sotto_words_of_rows(rows, super + 206), 16)));
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    __m512i at = _mm512_add_epi8(index, _mm512_set1_epi8((char)i));
    __m512i scale = _mm512_srai_epi32(_mm512_maskz_permutexvar_epi8(0x8888888888888888, at, all), 24);
    out->scale[i] = _mm512_mul_ps(_mm512_broadcast_f32x4(d), _mm512_cvtepi32_ps(scale));
  }
}

/// The numbers of a step's blocks in one row of an affine format's plane of 16-bit numbers; a group is 1, 2 or 4 blocks.
SOTTO_INLINE_AVX512 __m128i numbers_of_row(const uint8_t *plane, size_t group, size_t step, size_t left,
                                           const int whole) {
  const uint8_t *p = plane + 8 / group * step;
  if (!whole) return _mm_maskz_loadu_epi16((__mmask8)((1 << (left + group - 1) / group) - 1), p);
  return group == 1 ? _mm_loadu_si64(p) : group == 2 ? _mm_loadu_si32(p) : _mm_loadu_si16(p);
}

SOTTO_INLINE_AVX512 __m512 numbers_of_rows(const uint8_t *const planes[4], const sotto_matrix *matrix, size_t step,
                                           size_t left, const int whole) {
  const size_t group = matrix->group / SOTTO_BLOCK;
  __m128i row[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) row[r] = numbers_of_row(planes[r], group, step, left, whole);
  __m256i rows = _mm256_set_m128i(_mm_unpacklo_epi64(row[2], row[3]), _mm_unpacklo_epi64(row[0], row[1]));
  __m256i index = _mm256_setr_epi16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  if (group == 2) index = _mm256_setr_epi16(0, 4, 8, 12, 0, 4, 8, 12, 1, 5, 9, 13, 1, 5, 9, 13);
  if (group == 4) index = _mm256_setr_epi16(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
  __m256i numbers = _mm256_permutexvar_epi16(index, rows);
  if (matrix->scale_type == SOTTO_FLOAT16) return _mm512_cvtph_ps(numbers);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(numbers), 16));
}

/// The biases of a step's blocks, read or computed from the zero points.
SOTTO_INLINE_AVX512 __m512 biases_of_rows(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                          __m512 scales) {
  if (!rows->matrix->has_zero_points) return numbers_of_rows(rows->biases, rows->matrix, step, left, whole);
  const size_t group = rows->matrix->group / SOTTO_BLOCK, count = (left + group - 1) / group;
  _Alignas(64) int32_t zeros[16];
  for (size_t b = 0; b < 4; b++)
    for (size_t r = 0; r < 4; r++) {
      size_t at = b / group < count ? b / group : count - 1;
      zeros[4 * b + r] = -(int32_t)rows->biases[r][4 / group * step + at];
    }
  return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_load_si512(zeros)), scales);
}

SOTTO_INLINE_AVX512 void take_affine4(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                      sotto_row_step *out) {
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    __m512i bytes = sotto_load_some(rows->values[r] + 64 * step, (ptrdiff_t)left * 16, whole);
    out->values[r][0] = sotto_keep(bytes, 15, (char)128);
    out->values[r][1] = sotto_keep(_mm512_srli_epi16(bytes, 4), 15, (char)128);
  }
  out->scale[0] = numbers_of_rows(rows->scales, rows->matrix, step, left, whole);
  out->minimum = biases_of_rows(rows, step, left, whole, out->scale[0]);
}

SOTTO_INLINE_AVX512 void take_affine8(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                      sotto_row_step *out) {
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + 128 * step;
    const ptrdiff_t bytes = (ptrdiff_t)left * 32;
    divide_halves(sotto_load_some(p, bytes, whole), sotto_load_some(p + 64, bytes - 64, whole), out->values[r]);
  }
  out->scale[0] = numbers_of_rows(rows->scales, rows->matrix, step, left, whole);
  // Bytes are used unchanged, so their value here is 128 less.
  __m512 bias = biases_of_rows(rows, step, left, whole, out->scale[0]);
  out->minimum = _mm512_fmadd_ps(_mm512_set1_ps(128), out->scale[0], bias);
}

SOTTO_ROWS(sotto_rows_q4_k_avx512, take_q4_k, 72, SOTTO_MINIMUMS)
SOTTO_ROWS(sotto_rows_q5_k_avx512, take_q5_k, 88, SOTTO_MINIMUMS)
SOTTO_ROWS(sotto_rows_q6_k_avx512, take_q6_k, 105, SOTTO_HALVES)
SOTTO_ROWS(sotto_rows_iq4_xs_avx512, take_iq4_xs, 68, SOTTO_PLAIN)
SOTTO_ROWS(sotto_rows_affine4_avx512, take_affine4, 64, SOTTO_MINIMUMS)
SOTTO_ROWS(sotto_rows_affine8_avx512, take_affine8, 128, SOTTO_MINIMUMS)
#endif
