// Decoders of rows to bfloat16, for amx.h: one row of a block is 64 bytes, in the order of its columns or in that of
// sotto_method. Numbers of up to 5 bits are the indices of a table with the block's scale and minimum in it, so that one
// instruction gives 32 of them. Rows beyond the matrix repeat the last one.
#if defined(__x86_64__)
#include "decode_amx.h"

SOTTO_INLINE_AVX512 float half_at(const uint8_t *p) { return _cvtsh_ss(sotto_load16(p)); }

/// scale * i + minimum for i = 0 ... 15.
SOTTO_INLINE_AVX512 __m512 line(float scale, float minimum) {
  const __m512 numbers = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_fmadd_ps(numbers, _mm512_set1_ps(scale), _mm512_set1_ps(minimum));
}

/// 16 numbers twice, as a table for indices whose upper bits are anything.
SOTTO_INLINE_AVX512 __m512i table(__m512 numbers) {
  return _mm512_broadcast_i64x4((__m256i)_mm512_cvtneps_pbh(numbers));
}

/// The nibbles of 16 bytes as indices: all low ones, then all high ones (GGUF's blocks of 32).
SOTTO_INLINE_AVX512 __m512i nibbles_apart(const uint8_t *p) {
  const __m512i shifts = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi16(4), 1);
  __m512i bytes = _mm512_cvtepu8_epi16(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p)));
  return _mm512_srlv_epi16(bytes, shifts);
}

/// The same with the two nibbles of a byte side by side (MLX, safetensors).
SOTTO_INLINE_AVX512 __m512i nibbles_in_order(const uint8_t *p) {
  __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm512_or_si512(bytes, _mm512_slli_epi32(bytes, 12));
}

// What is added to bfloat16 numbers to multiply them by half of an E8M0 scale (see sotto_half_of_e8m0), in both halves.
#define POWER(e) ((uint32_t)(((e) < 68 ? -60 : (e) > 188 ? 60 : (e) - 128) * 128) & 0xffff) * 0x10001u
#define POWERS_4(e) POWER(e), POWER((e) + 1), POWER((e) + 2), POWER((e) + 3)
#define POWERS_16(e) POWERS_4(e), POWERS_4((e) + 4), POWERS_4((e) + 8), POWERS_4((e) + 12)
#define POWERS_64(e) POWERS_16(e), POWERS_16((e) + 16), POWERS_16((e) + 32), POWERS_16((e) + 48)
static const uint32_t powers[256] = {POWERS_64(0), POWERS_64(64), POWERS_64(128), POWERS_64(192)};

/// The doubled values of E2M1 times half of the E8M0 scale.
SOTTO_INLINE_AVX512 __m512i table_of_e2m1(uint8_t exponent) {
  return _mm512_add_epi16(sotto_e2m1_bfloats(), _mm512_set1_epi32((int)powers[exponent]));
}

// Nibble k of word j of a block's 16 bytes is column 2 * j, 16 + 2 * j, 2 * j + 1 or 17 + 2 * j ...
#define NIBBLES(first) (first), (first) + 2, (first) + 4, (first) + 6, (first) + 8, (first) + 10, (first) + 12, (first) + 14
const uint16_t sotto_nibble_order[SOTTO_BLOCK] = {NIBBLES(0), NIBBLES(16), NIBBLES(1), NIBBLES(17)};
// ... or, with the two nibbles of a byte side by side, 4 * j + k.
#define PLANAR(first) (first), (first) + 4, (first) + 8, (first) + 12, (first) + 16, (first) + 20, (first) + 24, (first) + 28
const uint16_t sotto_planar_order[SOTTO_BLOCK] = {PLANAR(0), PLANAR(1), PLANAR(2), PLANAR(3)};

/// The nibbles of 16 bytes as indices whose upper bits are anything: nibble 0 of all words, nibble 1 ...
SOTTO_INLINE_AVX512 __m512i nibbles_of_words(const uint8_t *p) {
  const __m512i shifts = _mm512_inserti64x4(
      _mm512_castsi256_si512(_mm256_set_m128i(_mm_set1_epi16(4), _mm_setzero_si128())),
      _mm256_set_m128i(_mm_set1_epi16(12), _mm_set1_epi16(8)), 1);
  return _mm512_srlv_epi16(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)p)), shifts);
}

static SOTTO_TARGET_AVX512 void decode_mxfp4(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                             void *panel) {
  enum { STRIDE = 17 };
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    const uint8_t *p = sotto_row_of(view, view->values, view->row_bytes, row, r) + first * STRIDE;
    sotto_amx_block *out = panel;
    for (size_t b = 0; b < blocks; b++, p += STRIDE)
      sotto_put(out++, r, _mm512_permutexvar_epi16(nibbles_of_words(p + 1), table_of_e2m1(*p)));
  }
}

static SOTTO_TARGET_AVX512 void decode_mxfp4_planar(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                    void *panel) {
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    const uint8_t *p = sotto_row_of(view, view->values, view->row_bytes, row, r) + first * 16;
    const uint8_t *scale = sotto_row_of(view, view->scales, view->scale_row_bytes, row, r) + first;
    sotto_amx_block *out = panel;
    for (size_t b = 0; b < blocks; b++, p += 16)
      sotto_put(out++, r, _mm512_permutexvar_epi16(nibbles_of_words(p), table_of_e2m1(*scale++)));
  }
}

/// The first two float16 numbers of 1 to 8 blocks, `stride` bytes apart.
SOTTO_INLINE_AVX512 void halves_of_blocks(const uint8_t *p, size_t stride, size_t blocks, float first[8],
                                          float second[8]) {
  const __m256i numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  __m256i offsets = _mm256_mullo_epi32(numbers, _mm256_set1_epi32((int)stride));
  __mmask8 mask = (__mmask8)((1u << blocks) - 1);
  __m256i both = _mm256_mmask_i32gather_epi32(_mm256_setzero_si256(), mask, offsets, p, 1);
  _mm256_storeu_ps(first, _mm256_cvtph_ps(_mm256_cvtepi32_epi16(both)));
  _mm256_storeu_ps(second, _mm256_cvtph_ps(_mm256_cvtepi32_epi16(_mm256_srli_epi32(both, 16))));
}

static SOTTO_TARGET_AVX512 void decode_q8_0(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                            void *panel) {
  enum { STRIDE = 34 };
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    const uint8_t *p = sotto_row_of(view, view->values, view->row_bytes, row, r) + first * STRIDE;
    sotto_amx_block *out = panel;
    float scales[SOTTO_AMX_BLOCKS], others[SOTTO_AMX_BLOCKS];
    halves_of_blocks(p, STRIDE, blocks, scales, others);
    SOTTO_IN_MEMORY(scales);
    for (size_t b = 0; b < blocks; b++, p += STRIDE)
      sotto_put(out++, r, sotto_scaled((const int8_t *)p + 2, scales[b], scales[b], 0, 0));
  }
}

/// Q4_0 and Q4_1.
SOTTO_INLINE_AVX512 void decode_nibbles(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                        sotto_amx_block *panel, const int has_minimum) {
  const size_t values_at = has_minimum ? 4 : 2, stride = values_at + 16;
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    const uint8_t *p = sotto_row_of(view, view->values, view->row_bytes, row, r) + first * stride;
    sotto_amx_block *out = panel;
    float scales[SOTTO_AMX_BLOCKS], minimums[SOTTO_AMX_BLOCKS];
    halves_of_blocks(p, stride, blocks, scales, minimums);
    for (size_t b = 0; !has_minimum && b < SOTTO_AMX_BLOCKS; b++) minimums[b] = -8 * scales[b];
    SOTTO_IN_MEMORY(scales);
    SOTTO_IN_MEMORY(minimums);
    for (size_t b = 0; b < blocks; b++, p += stride)
      sotto_put(out++, r, _mm512_permutexvar_epi16(nibbles_apart(p + values_at), table(line(scales[b], minimums[b]))));
  }
}

static SOTTO_TARGET_AVX512 void decode_q4_0(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                            void *panel) {
  decode_nibbles(view, row, first, blocks, panel, 0);
}

static SOTTO_TARGET_AVX512 void decode_q4_1(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                            void *panel) {
  decode_nibbles(view, row, first, blocks, panel, 1);
}

/// Q4_K: 32 bytes hold the nibbles of two blocks. Scales and minimums as in decode_avx512_super.c.
static SOTTO_TARGET_AVX512 void decode_q4_k(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                            void *panel) {
  enum { STRIDE = 144 };
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    const uint8_t *p = sotto_row_of(view, view->values, view->row_bytes, row, r) + first / 8 * STRIDE;
    sotto_amx_block *out = panel;
    for (size_t b = 0; b < blocks; b += 8, p += STRIDE) {
      const uint32_t a = sotto_load32(p + 4), m = sotto_load32(p + 8), rest = sotto_load32(p + 12);
      const uint32_t six = 0x3f3f3f3f, four = 0x0f0f0f0f, two = 0x30303030;
      const uint64_t scales = (a & six) | (uint64_t)((rest & four) | (a >> 2 & two)) << 32;
      const uint64_t minimums = (m & six) | (uint64_t)((rest >> 4 & four) | (m >> 2 & two)) << 32;
      float scale[8], minimum[8];
      _mm256_storeu_ps(scale, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(
                                                (long long)scales))), _mm256_set1_ps(half_at(p))));
      _mm256_storeu_ps(minimum, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(
                                                  (long long)minimums))), _mm256_set1_ps(-half_at(p + 2))));
      SOTTO_IN_MEMORY(scale);
      SOTTO_IN_MEMORY(minimum);
#pragma clang loop unroll(full)
      for (int i = 0; i < 8; i += 2) {
        // Both blocks' tables in one: indices of the second have bit 4.
        __m512i numbers = sotto_bfloats(line(scale[i], minimum[i]), line(scale[i + 1], minimum[i + 1]));
        __m512i bytes = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(p + 16 + 16 * i)));
        __m512i low = _mm512_and_si512(bytes, _mm512_set1_epi16(15));
        __m512i high = _mm512_or_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi16(16));
        sotto_put(out++, r, _mm512_permutexvar_epi16(low, numbers));
        sotto_put(out++, r, _mm512_permutexvar_epi16(high, numbers));
      }
    }
  }
}

static SOTTO_TARGET_AVX512 void decode_q6_k(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                            void *panel) {
  enum { STRIDE = 210 };
  const __m512i four = _mm512_set1_epi8(15), six = _mm512_set1_epi8(63), center = _mm512_set1_epi8(32);
  const __m512i up = _mm512_inserti64x4(_mm512_set1_epi16(4), _mm256_set1_epi16(2), 1);
  const __m512i down = _mm512_sub_epi16(_mm512_set1_epi16(4), up);
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    const uint8_t *p = sotto_row_of(view, view->values, view->row_bytes, row, r) + first / 8 * STRIDE;
    sotto_amx_block *out = panel;
    for (size_t b = 0; b < blocks; b += 8, p += STRIDE) {
      float scale[16];
      _mm512_storeu_ps(scale, _mm512_mul_ps(_mm512_set1_ps(half_at(p + 208)), _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
                                                _mm_loadu_si128((const __m128i *)(p + 192))))));
      SOTTO_IN_MEMORY(scale);
#pragma clang loop unroll(full)
      for (int half = 0; half < 2; half++) {
        // Four blocks: the low nibbles of 64 bytes, then the high ones; two upper bits of each in 32 bytes.
        __m512i bytes = _mm512_loadu_si512(p + 64 * half);
        __m512i upper = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(p + 128 + 32 * half)));
        __m512i low = _mm512_ternarylogic_epi32(four, bytes, _mm512_sllv_epi16(upper, up), 0xca);
        __m512i high = _mm512_srli_epi16(bytes, 4);
        high = _mm512_ternarylogic_epi32(four, high, _mm512_srlv_epi16(upper, down), 0xca);
        _Alignas(64) int8_t values[128];
        _mm512_store_si512(values, _mm512_sub_epi8(_mm512_and_si512(low, six), center));
        _mm512_store_si512(values + 64, _mm512_sub_epi8(_mm512_and_si512(high, six), center));
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++)
          sotto_put(out++, r, sotto_scaled(values + 32 * i, scale[8 * half + 2 * i], scale[8 * half + 2 * i + 1],
                                           0, 0));
      }
    }
  }
}

static SOTTO_TARGET_AVX512 void decode_affine4(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                               void *panel) {
  const sotto_matrix *matrix = view->matrix;
  const size_t group = matrix->group / SOTTO_BLOCK;
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    const uint8_t *p = sotto_row_of(view, view->values, view->row_bytes, row, r) + first * 16;
    const uint8_t *scales = sotto_row_of(view, view->scales, view->scale_row_bytes, row, r);
    const uint8_t *biases = sotto_row_of(view, view->biases, view->bias_row_bytes, row, r);
    sotto_amx_block *out = panel;
    __m512i numbers = _mm512_setzero_si512();
    for (size_t b = first; b < first + blocks; b++, p += 16) {
      if (b == first || b % group == 0) {
        float scale = sotto_float_at(scales, matrix->scale_type, b / group);
        float bias = matrix->has_zero_points ? -scale * (float)biases[b / group]
                                             : sotto_float_at(biases, matrix->scale_type, b / group);
        numbers = table(line(scale, bias));
      }
      sotto_put(out++, r, _mm512_permutexvar_epi16(nibbles_in_order(p), numbers));
    }
  }
}

sotto_decode sotto_decoder_amx(sotto_weight_format format) {
  switch (format) {
    case SOTTO_FLOAT32: return NULL;
    case SOTTO_FLOAT16: return sotto_decode_float16_amx;
    case SOTTO_BFLOAT16: return sotto_decode_bfloat16_amx;
    case SOTTO_FLOAT8: return sotto_decode_float8_amx;
    case SOTTO_MXFP4: return decode_mxfp4;
    case SOTTO_MXFP4_PLANAR: return decode_mxfp4_planar;
    case SOTTO_Q8_0: return decode_q8_0;
    case SOTTO_Q4_0: return decode_q4_0;
    case SOTTO_Q4_1: return decode_q4_1;
    case SOTTO_Q4_K: return decode_q4_k;
    case SOTTO_Q6_K: return decode_q6_k;
    case SOTTO_AFFINE4: return decode_affine4;
    default: return sotto_decode_panels_amx;
  }
}
#endif
