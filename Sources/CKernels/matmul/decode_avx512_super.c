// AVX-512 decoders of the formats with super-blocks of 256 columns.
#if defined(__x86_64__)
#include "decode_avx512.h"
#include "methods.h"

/// A signed byte `index` of every row's 4 bytes as a float.
SOTTO_INLINE_AVX512 __m512 signed_byte_of(__m512i x, int index) {
  return _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(x, (unsigned)(24 - 8 * index)), 24));
}

/// Byte `index` of every row's 4 bytes as a float.
SOTTO_INLINE_AVX512 __m512 byte_of(__m512i x, int index) {
  return _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(x, (unsigned)(8 * index)), _mm512_set1_epi32(255)));
}

/// Q4_K and Q5_K: d, dmin and the packed scales of a super-block are one transposition of 16 bytes; two sub-blocks
/// share every 32 bytes of nibbles.
SOTTO_INLINE_AVX512 void decode_k(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel,
                                  const int has_fifth) {
  const size_t values_at = has_fifth ? 48 : 16, stride = values_at + 128;
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b += 8, out += 8) {
    size_t offset = (first + b) / 8 * stride;
    __m512i head[4], fifth[8];
    sotto_transpose(&rows, offset, head);
    if (has_fifth) {
      sotto_transpose(&rows, offset + 16, fifth);
      sotto_transpose(&rows, offset + 32, fifth + 4);
    }
    __m512 d = sotto_halves_low(head[0]), dmin = sotto_halves_high(head[0]);
    dmin = _mm512_sub_ps(_mm512_setzero_ps(), dmin);
    const __m512i two = _mm512_set1_epi8(48), six = _mm512_set1_epi8(63);
    // Scales and minimums of sub-blocks 0..3 are whole bytes, those of 4..7 nibbles and two upper bits.
    __m512i scales[2] = {_mm512_and_si512(head[1], six),
                         _mm512_ternarylogic_epi32(two, _mm512_srli_epi16(head[1], 2), sotto_low(head[3]), 0xca)};
    __m512i minimums[2] = {_mm512_and_si512(head[2], six),
                           _mm512_ternarylogic_epi32(two, _mm512_srli_epi16(head[2], 2), sotto_high(head[3]), 0xca)};
#pragma clang loop unroll(full)
    for (int block = 0; block < 8; block++) {
      _mm512_store_ps(out[block].scale[0], _mm512_mul_ps(d, byte_of(scales[block / 4], block % 4)));
      _mm512_store_ps(out[block].minimum[0], _mm512_mul_ps(dmin, byte_of(minimums[block / 4], block % 4)));
    }
#pragma clang loop unroll(full)
    for (int part = 0; part < 8; part++) {
      __m512i bytes[4];
      sotto_transpose(&rows, offset + values_at + 16 * (size_t)part, bytes);
#pragma clang loop unroll(full)
      for (int i = 0; i < 8; i++) {
        int quad = part % 2 * 4 + i % 4, block = part / 2 * 2 + i / 4;
        __m512i values = i < 4 ? bytes[i] : _mm512_srli_epi16(bytes[i - 4], 4);
        if (has_fifth) {
          __m512i upper = block < 4 ? _mm512_slli_epi16(fifth[quad], (unsigned)(4 - block))
                                    : _mm512_srli_epi16(fifth[quad], (unsigned)(block - 4));
          values = _mm512_ternarylogic_epi32(_mm512_set1_epi8(15), values, upper, 0xca);
        }
        sotto_store_quad(out + block, quad, sotto_keep(values, has_fifth ? 31 : 15, (char)128));
      }
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_q4_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  decode_k(view, row, first, blocks, panel, 0);
}

SOTTO_TARGET_AVX512 void sotto_decode_q5_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  decode_k(view, row, first, blocks, panel, 1);
}

SOTTO_TARGET_AVX512 void sotto_decode_q6_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  enum { STRIDE = 210 };
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b += 8, out += 8) {
    size_t offset = (first + b) / 8 * STRIDE;
    __m512i scales[4];
    sotto_transpose(&rows, offset + 192, scales);
    __m512 d = sotto_halves_high(sotto_gather(&rows, offset + 206));
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++)
      _mm512_store_ps(out[i / 2].scale[i % 2], _mm512_mul_ps(d, signed_byte_of(scales[i / 4], i % 4)));
#pragma clang loop unroll(full)
    for (int part = 0; part < 4; part++) {  // 16 bytes of upper bits: the same half of four blocks
      __m512i upper[4], low[4];
      const int half = part / 2, sixteen = part % 2;
      sotto_transpose(&rows, offset + 128 + 16 * (size_t)part, upper);
#pragma clang loop unroll(full)
      for (int run = 0; run < 2; run++) {  // 16 bytes of nibbles: blocks `run` and `run` + 2
        sotto_transpose(&rows, offset + 64 * (size_t)half + 32 * (size_t)run + 16 * (size_t)sixteen, low);
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) {
          const int quarter = run + i / 4 * 2;
          __m512i values = i < 4 ? low[i] : _mm512_srli_epi16(low[i - 4], 4), bits = upper[i % 4];
          if (quarter < 2) bits = _mm512_slli_epi16(bits, (unsigned)(4 - 2 * quarter));
          if (quarter == 3) bits = _mm512_srli_epi16(bits, 2);
          values = _mm512_ternarylogic_epi32(_mm512_set1_epi8(15), values, bits, 0xca);
          values = _mm512_add_epi8(_mm512_and_si512(values, _mm512_set1_epi8(63)), _mm512_set1_epi8(96));
          sotto_store_quad(out + 4 * half + quarter, 4 * sixteen + i % 4, values);
        }
      }
    }
  }
}

/// Shifts left by `bits`, or right if they are negative.
SOTTO_INLINE_AVX512 __m512i shifted(__m512i x, const int bits) {
  return bits >= 0 ? _mm512_slli_epi16(x, (unsigned)bits) : _mm512_srli_epi16(x, (unsigned)-bits);
}

/// 16 bytes of two-bit numbers: the same half of four blocks.
SOTTO_TARGET_AVX512 void sotto_decode_q2_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  enum { STRIDE = 84 };
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b += 8, out += 8) {
    size_t offset = (first + b) / 8 * STRIDE;
    __m512i scales[4], numbers = sotto_gather(&rows, offset + 80);
    sotto_transpose(&rows, offset, scales);
    __m512 d = sotto_halves_low(numbers), dmin = _mm512_sub_ps(_mm512_setzero_ps(), sotto_halves_high(numbers));
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      _mm512_store_ps(out[i / 2].scale[i % 2], _mm512_mul_ps(d, byte_of(sotto_low(scales[i / 4]), i % 4)));
      _mm512_store_ps(out[i / 2].minimum[i % 2], _mm512_mul_ps(dmin, byte_of(sotto_high(scales[i / 4]), i % 4)));
    }
#pragma clang loop unroll(full)
    for (int part = 0; part < 4; part++) {
      __m512i bytes[4];
      sotto_transpose(&rows, offset + 16 + 16 * (size_t)part, bytes);
#pragma clang loop unroll(full)
      for (int i = 0; i < 16; i++)
        sotto_store_quad(out + part / 2 * 4 + i / 4, part % 2 * 4 + i % 4,
                         sotto_keep(shifted(bytes[i % 4], -2 * (i / 4)), 3, (char)128));
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_q3_k_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  enum { STRIDE = 110 };
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b += 8, out += 8) {
    size_t offset = (first + b) / 8 * STRIDE;
    // The last 16 bytes: two of values, twelve of scales, d.
    __m512i tail[4], words[3], third[8];
    sotto_transpose(&rows, offset + 94, tail);
#pragma clang loop unroll(full)
    for (int i = 0; i < 3; i++)
      words[i] = _mm512_or_si512(_mm512_srli_epi32(tail[i], 16), _mm512_slli_epi32(tail[i + 1], 16));
    __m512 d = sotto_halves_high(tail[3]);
#pragma clang loop unroll(full)
    for (int four = 0; four < 4; four++) {
      __m512i low = four < 2 ? words[four % 2] : _mm512_srli_epi16(words[four % 2], 4);
      __m512i scales = _mm512_ternarylogic_epi32(_mm512_set1_epi8(15), low, shifted(words[2], 4 - 2 * four), 0xca);
      scales = _mm512_sub_epi8(_mm512_and_si512(scales, _mm512_set1_epi8(63)), _mm512_set1_epi8(32));
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++)
        _mm512_store_ps(out[2 * four + i / 2].scale[i % 2], _mm512_mul_ps(d, signed_byte_of(scales, i)));
    }
    sotto_transpose(&rows, offset, third);
    sotto_transpose(&rows, offset + 16, third + 4);
#pragma clang loop unroll(full)
    for (int part = 0; part < 4; part++) {
      __m512i bytes[4];
      sotto_transpose(&rows, offset + 32 + 16 * (size_t)part, bytes);
#pragma clang loop unroll(full)
      for (int i = 0; i < 16; i++) {
        const int block = part / 2 * 4 + i / 4, quad = part % 2 * 4 + i % 4;
        __m512i upper = shifted(third[quad], 2 - block), lower = shifted(bytes[i % 4], -2 * (i / 4));
        __m512i values = _mm512_ternarylogic_epi32(_mm512_set1_epi8(3), lower, upper, 0xca);
        values = _mm512_add_epi8(_mm512_and_si512(values, _mm512_set1_epi8(7)), _mm512_set1_epi8(124));
        sotto_store_quad(out + block, quad, values);
      }
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_iq4_xs_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                    void *panel) {
  enum { STRIDE = 136 };
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b += 8, out += 8) {
    size_t offset = (first + b) / 8 * STRIDE;
    __m512i head = sotto_gather(&rows, offset), low = sotto_gather(&rows, offset + 4);
    __m512 d = sotto_halves_low(head);
#pragma clang loop unroll(full)
    for (int block = 0; block < 8; block++) {
      // Bits 0..3 of the scale in `low`, bits 4 and 5 in the upper half of `head`.
      __m512i upper = _mm512_srli_epi32(head, (unsigned)(12 + 2 * block));
      __m512i scale = _mm512_ternarylogic_epi32(_mm512_set1_epi32(15), _mm512_srli_epi32(low, (unsigned)(4 * block)),
                                                upper, 0xca);
      scale = _mm512_sub_epi32(_mm512_and_si512(scale, _mm512_set1_epi32(63)), _mm512_set1_epi32(32));
      _mm512_store_ps(out[block].scale[0], _mm512_mul_ps(d, _mm512_cvtepi32_ps(scale)));
      sotto_store_iq4(&rows, offset + 8 + 16 * (size_t)block, out + block);
    }
  }
}
#endif
