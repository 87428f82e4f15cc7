// AVX-512 decoders of the formats with blocks of 32 columns: GGUF's Q4_0 to Q8_0 and MXFP4. About 40 cycles for 16
// rows of a block, so that decoding keeps up with memory even for a single token.
#if defined(__x86_64__)
#include "decode_avx512.h"
#include "methods.h"

SOTTO_TARGET_AVX512 void sotto_decode_iq4_nl_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                    void *panel) {
  enum { STRIDE = 18 };
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b++, out++) {
    _mm512_store_ps(out->scale[0], sotto_halves_low(sotto_gather(&rows, (first + b) * STRIDE)));
    sotto_store_iq4(&rows, (first + b) * STRIDE + 2, out);
  }
}

/// Q4_0, Q4_1, Q5_0 and Q5_1.
SOTTO_INLINE_AVX512 void decode_legacy(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel,
                                       const int has_minimum, const int has_fifth) {
  const size_t fifth_at = has_minimum ? 4 : 2, values_at = fifth_at + (has_fifth ? 4 : 0), stride = values_at + 16;
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b++, out++) {
    size_t offset = (first + b) * stride;
    __m512i start = sotto_gather(&rows, offset), bytes[4], bits = start;
    _mm512_store_ps(out->scale[0], sotto_halves_low(start));
    if (has_minimum) _mm512_store_ps(out->minimum[0], sotto_halves_high(start));
    if (has_fifth) bits = sotto_gather(&rows, offset + fifth_at);
    sotto_transpose(&rows, offset + values_at, bytes);
#pragma clang loop unroll(full)
    for (int quad = 0; quad < 8; quad++) {
      __m512i values = quad < 4 ? bytes[quad] : _mm512_srli_epi16(bytes[quad - 4], 4);
      if (has_fifth) {
        // Bit 4 of every byte from the fifth bits, the others from the nibbles.
        __m512i upper = sotto_spread_bits(bits, 4 * quad - 4, 1);
        values = _mm512_ternarylogic_epi32(_mm512_set1_epi8(15), values, upper, 0xca);
      }
      const char mask = has_fifth ? 31 : 15;
      if (has_minimum)
        values = sotto_keep(values, mask, (char)128);
      else
        values = _mm512_add_epi8(_mm512_and_si512(values, _mm512_set1_epi8(mask)),
                                 _mm512_set1_epi8((char)(128 - (mask + 1) / 2)));
      sotto_store_quad(out, quad, values);
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_q4_0_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  decode_legacy(view, row, first, blocks, panel, 0, 0);
}

SOTTO_TARGET_AVX512 void sotto_decode_q4_1_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  decode_legacy(view, row, first, blocks, panel, 1, 0);
}

SOTTO_TARGET_AVX512 void sotto_decode_q5_0_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  decode_legacy(view, row, first, blocks, panel, 0, 1);
}

SOTTO_TARGET_AVX512 void sotto_decode_q5_1_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  decode_legacy(view, row, first, blocks, panel, 1, 1);
}

SOTTO_TARGET_AVX512 void sotto_decode_q8_0_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  enum { STRIDE = 34 };
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b++, out++) {
    __m512i bytes[4];
    _mm512_store_ps(out->scale[0], sotto_halves_low(sotto_gather(&rows, (first + b) * STRIDE)));
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
      sotto_transpose(&rows, (first + b) * STRIDE + 2 + 16 * (size_t)half, bytes);
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++)
        sotto_store_quad(out, 4 * half + i, _mm512_xor_si512(bytes[i], _mm512_set1_epi8((char)128)));
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_mxfp4_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                   void *panel) {
  enum { STRIDE = 17 };
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b++, out++) {
    __m512i bytes[4];
    _mm512_store_ps(out->scale[0], sotto_halves_of_e8m0(sotto_gather(&rows, (first + b) * STRIDE)));
    sotto_transpose(&rows, (first + b) * STRIDE + 1, bytes);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      sotto_store_quad(out, i, _mm512_shuffle_epi8(sotto_doubled_e2m1(), sotto_low(bytes[i])));
      sotto_store_quad(out, 4 + i, _mm512_shuffle_epi8(sotto_doubled_e2m1(), sotto_high(bytes[i])));
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_mxfp4_planar_avx512(const sotto_view *view, size_t row, size_t first,
                                                          size_t blocks, void *panel) {
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  sotto_tile_rows scales = {view->scales + row * view->scale_row_bytes, view->scale_row_bytes};
  for (size_t b = 0; b < blocks; b++, out++) {
    __m512i bytes[4];
    _mm512_store_ps(out->scale[0], sotto_halves_of_e8m0(sotto_gather_item(&scales, first + b, 1)));
    sotto_transpose(&rows, (first + b) * 16, bytes);
#pragma clang loop unroll(full)
    for (int quad = 0; quad < 8; quad++) {
      __m512i values = sotto_low(sotto_spread_bits(bytes[quad / 2], quad % 2 * 16, 4));
      sotto_store_quad(out, quad, _mm512_shuffle_epi8(sotto_doubled_e2m1(), values));
    }
  }
}

/// Nibbles and two scales of 16 columns.
SOTTO_TARGET_AVX512 void sotto_decode_nvfp4_planar_avx512(const sotto_view *view, size_t row, size_t first,
                                                          size_t blocks, void *panel) {
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  sotto_tile_rows scales = {view->scales + row * view->scale_row_bytes, view->scale_row_bytes};
  const __m512 half = _mm512_set1_ps(0.5f);
  for (size_t b = 0; b < blocks; b++, out++) {
    __m512i bytes[4], two = sotto_gather_item(&scales, first + b, 2);
    _mm512_store_ps(out->scale[0], _mm512_mul_ps(sotto_from_e4m3(two, 0), half));
    _mm512_store_ps(out->scale[1], _mm512_mul_ps(sotto_from_e4m3(two, 1), half));
    sotto_transpose(&rows, (first + b) * 16, bytes);
#pragma clang loop unroll(full)
    for (int quad = 0; quad < 8; quad++) {
      __m512i values = sotto_low(sotto_spread_bits(bytes[quad / 2], quad % 2 * 16, 4));
      sotto_store_quad(out, quad, _mm512_shuffle_epi8(sotto_doubled_e2m1(), values));
    }
  }
}

/// 64 columns: four scales (see sotto_half_of_ue4m3), then 8 bytes of nibbles for each.
SOTTO_TARGET_AVX512 void sotto_decode_nvfp4_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                   void *panel) {
  enum { STRIDE = 36 };
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  const __m512i magnitude = _mm512_set1_epi32(127);
  for (size_t b = first; b < first + blocks; b++, out++) {
    size_t offset = b / 2 * STRIDE;
    __m512i bytes[4], scales = _mm512_srl_epi32(sotto_gather(&rows, offset), _mm_cvtsi32_si128((int)(b % 2 * 16)));
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
      __m512i x = half ? _mm512_srli_epi32(scales, 8) : scales;
      __m512 scale = sotto_from_e4m3(_mm512_and_si512(x, magnitude), 0);
      // 127 is zero, whatever the sign; the sign is ignored otherwise.
      __mmask16 is_zero = _mm512_cmpeq_epi32_mask(_mm512_and_si512(x, _mm512_set1_epi32(255)), magnitude);
      __mmask16 is_all = _mm512_cmpeq_epi32_mask(_mm512_and_si512(x, _mm512_set1_epi32(255)), _mm512_set1_epi32(255));
      scale = _mm512_mask_mov_ps(scale, is_all, _mm512_set1_ps(480));
      scale = _mm512_maskz_mul_ps((__mmask16)~is_zero, scale, _mm512_set1_ps(0.5f));
      _mm512_store_ps(out->scale[half], scale);
    }
    sotto_transpose(&rows, offset + 4 + 16 * (b % 2), bytes);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      int quad = i / 2 * 4 + i % 2;
      sotto_store_quad(out, quad, _mm512_shuffle_epi8(sotto_doubled_e2m1(), sotto_low(bytes[i])));
      sotto_store_quad(out, quad + 2, _mm512_shuffle_epi8(sotto_doubled_e2m1(), sotto_high(bytes[i])));
    }
  }
}

void sotto_decode_edge_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel) {
  sotto_decode_portable(view, row, first, blocks, panel);
  uint8_t *values = panel;
  for (size_t b = 0; b < blocks; b++, values += sizeof(sotto_panel_block))
    for (size_t i = 0; i < SOTTO_BLOCK * SOTTO_TILE; i++) values[i] ^= 128;
}
#endif
