// Few tokens with AVX-512: the formats with blocks of 32 columns. A step of four rows costs about 25 cycles besides
// those of the tokens, so that one core keeps up with memory.
#if defined(__x86_64__)
#include "rows_avx512.h"

/// The positions of the numbers of four blocks, as byte indices into two registers of 64 bytes loaded from the first
/// byte and from byte `second`; and the positions of the scales, by row.
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

/// value + 128 of the low and of the high nibbles.
SOTTO_INLINE_AVX512 void nibbles(__m512i bytes, __m512i out[2], const sotto_weight_format format) {
  __m512i low = sotto_low(bytes), high = sotto_high(bytes);
  const int is_float = format == SOTTO_MXFP4 || format == SOTTO_MXFP4_PLANAR;
  if (is_float) {
    out[0] = _mm512_shuffle_epi8(sotto_doubled_e2m1(), low);
    out[1] = _mm512_shuffle_epi8(sotto_doubled_e2m1(), high);
  } else if (format == SOTTO_IQ4_NL) {
    out[0] = _mm512_shuffle_epi8(sotto_iq4(), low);
    out[1] = _mm512_shuffle_epi8(sotto_iq4(), high);
  } else {
    const __m512i offset = _mm512_set1_epi8((char)(format == SOTTO_Q4_0 ? 120 : 128));
    out[0] = _mm512_add_epi8(low, offset);
    out[1] = _mm512_add_epi8(high, offset);
  }
}

/// Formats with 16 bytes of nibbles after the scales.
SOTTO_INLINE_AVX512 void take_nibbles(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                      sotto_row_step *out, const sotto_weight_format format, const int stride) {
  const int at = stride - 16, second = 4 * stride - 64;
  const __m512i values = values_index(stride, at, second), index = row_index(stride, at);
  const ptrdiff_t bytes = (ptrdiff_t)left * stride;
  __m512i scales = _mm512_setzero_si512();
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + step * 4 * (size_t)stride;
    __m512i first = sotto_load_some(p, bytes, whole), rest = sotto_load_some(p + second, bytes - second, whole);
    nibbles(_mm512_permutex2var_epi8(first, values, rest), out->values[r], format);
    scales = _mm512_mask_permutexvar_epi8(scales, LANES(r, at), index, first);
  }
  if (format == SOTTO_MXFP4) {
    out->scale[0] = sotto_halves_of_e8m0(scales);
  } else {
    out->scale[0] = sotto_halves_low(scales);
    if (format == SOTTO_Q4_1) out->minimum = sotto_halves_high(scales);
  }
}

/// Formats with a fifth bit: 32 of them precede the nibbles. About 17 instructions for a row's step, 88 or 96 bytes.
SOTTO_INLINE_AVX512 void take_fifths(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                     sotto_row_step *out, const sotto_weight_format format, const int stride) {
  const int at = stride - 16, scale_bytes = at - 4, second = 4 * stride - 64;
  _Alignas(64) uint8_t fields[64], bits[64] = {0};
  for (int i = 0; i < 64; i++) {
    int offset = i / 16 * stride + (i % 4 < scale_bytes ? i % 4 : 0);
    fields[i] = (uint8_t)(offset < 64 ? offset : 64 + offset - second);
  }
  // Two bytes of every block for columns 0..15, then two for columns 16..31.
  for (int i = 0; i < 16; i++) {
    int offset = i % 8 / 2 * stride + scale_bytes + i / 8 * 2 + i % 2;
    bits[i] = (uint8_t)(offset < 64 ? offset : 64 + offset - second);
  }
  const __m512i values = values_index(stride, at, second);
  const __m512i scale_index = _mm512_load_si512(fields), bit_index = _mm512_load_si512(bits);
  const __m512i offset = _mm512_set1_epi8((char)(format == SOTTO_Q5_0 ? 112 : 128)), sixteen = _mm512_set1_epi8(16);
  const ptrdiff_t bytes = (ptrdiff_t)left * stride;
  __m512i scales = _mm512_setzero_si512();
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + step * 4 * (size_t)stride;
    __m512i first = sotto_load_some(p, bytes, whole), rest = sotto_load_some(p + second, bytes - second, whole);
    __m512i all = _mm512_permutex2var_epi8(first, values, rest);
    __m128i fifths = _mm512_castsi512_si128(_mm512_permutex2var_epi8(first, bit_index, rest));
    __m512i low = _mm512_add_epi8(sotto_low(all), offset), high = _mm512_add_epi8(sotto_high(all), offset);
    out->values[r][0] = _mm512_mask_add_epi8(low, (__mmask64)_mm_cvtsi128_si64(fifths), low, sixteen);
    out->values[r][1] = _mm512_mask_add_epi8(high, (__mmask64)_mm_extract_epi64(fifths, 1), high, sixteen);
    scales = _mm512_mask_mov_epi8(scales, LANES(r, scale_bytes), _mm512_permutex2var_epi8(first, scale_index, rest));
  }
  out->scale[0] = sotto_halves_low(scales);
  if (format == SOTTO_Q5_1) out->minimum = sotto_halves_high(scales);
}

SOTTO_INLINE_AVX512 void take_planar(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                     sotto_row_step *out) {
  __m128i scales = _mm_setzero_si128();
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    __m512i bytes = sotto_load_some(rows->values[r] + 64 * step, (ptrdiff_t)left * 16, whole);
    nibbles(bytes, out->values[r], SOTTO_MXFP4_PLANAR);
    const uint8_t *p = rows->scales[r] + 4 * step;
    __m128i four = whole ? _mm_loadu_si32(p) : _mm_maskz_loadu_epi8((__mmask16)((1 << left) - 1), p);
    scales = _mm_mask_broadcastd_epi32(scales, (__mmask8)(1 << r), four);
  }
  const __m512i shifts = _mm512_setr_epi32(0, 0, 0, 0, 8, 8, 8, 8, 16, 16, 16, 16, 24, 24, 24, 24);
  __m512i all = _mm512_srlv_epi32(_mm512_broadcast_i32x4(scales), shifts);
  out->scale[0] = sotto_halves_of_e8m0(all);
}

SOTTO_INLINE_AVX512 __m256i load_block(const uint8_t *p, int is_there) {
  return is_there ? _mm256_loadu_si256((const __m256i *)p) : _mm256_setzero_si256();
}

SOTTO_INLINE_AVX512 void take_q8_0(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                   sotto_row_step *out) {
  enum { STRIDE = 34 };
  const __m512i index = row_index(STRIDE, 2);
  __m512i scales = _mm512_setzero_si512();
#pragma clang loop unroll(full)
  for (int r = 0; r < 4; r++) {
    const uint8_t *p = rows->values[r] + step * 4 * STRIDE;
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
    // Blocks 2 and 3 are at the positions of 0 and 1 in the second register.
    scales = _mm512_mask_permutexvar_epi8(scales, LANES(r, 2) & ~0xffffffffull,
                                          _mm512_sub_epi8(index, _mm512_set1_epi8(2 * STRIDE)), rest);
  }
  out->scale[0] = sotto_halves_low(scales);
}

#define TAKE_NIBBLES(name, format, stride)                                                                          \
  SOTTO_INLINE_AVX512 void name(const sotto_four_rows *rows, size_t step, size_t left, const int whole,             \
                                sotto_row_step *out) {                                                              \
    take_nibbles(rows, step, left, whole, out, format, stride);                                                     \
  }

TAKE_NIBBLES(take_q4_0, SOTTO_Q4_0, 18)
TAKE_NIBBLES(take_q4_1, SOTTO_Q4_1, 20)
TAKE_NIBBLES(take_mxfp4, SOTTO_MXFP4, 17)
TAKE_NIBBLES(take_iq4_nl, SOTTO_IQ4_NL, 18)

SOTTO_INLINE_AVX512 void take_q5_0(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                   sotto_row_step *out) {
  take_fifths(rows, step, left, whole, out, SOTTO_Q5_0, 22);
}
SOTTO_INLINE_AVX512 void take_q5_1(const sotto_four_rows *rows, size_t step, size_t left, const int whole,
                                   sotto_row_step *out) {
  take_fifths(rows, step, left, whole, out, SOTTO_Q5_1, 24);
}

SOTTO_ROWS(sotto_rows_q5_0_avx512, take_q5_0, 88, SOTTO_PLAIN)
SOTTO_ROWS(sotto_rows_q5_1_avx512, take_q5_1, 96, SOTTO_MINIMUMS)
SOTTO_ROWS(sotto_rows_q4_0_avx512, take_q4_0, 72, SOTTO_PLAIN)
SOTTO_ROWS(sotto_rows_q4_1_avx512, take_q4_1, 80, SOTTO_MINIMUMS)
SOTTO_ROWS(sotto_rows_q8_0_avx512, take_q8_0, 136, SOTTO_PLAIN)
SOTTO_ROWS(sotto_rows_iq4_nl_avx512, take_iq4_nl, 72, SOTTO_PLAIN)
SOTTO_ROWS(sotto_rows_mxfp4_avx512, take_mxfp4, 68, SOTTO_POWERS)
SOTTO_ROWS(sotto_rows_mxfp4_planar_avx512, take_planar, 64, SOTTO_POWERS)

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
