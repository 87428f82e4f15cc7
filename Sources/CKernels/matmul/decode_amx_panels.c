// Decoders of rows to bfloat16, for amx.h: numbers of 16 bits, and by way of panels of 16 rows all formats that
// decode_amx.c does not have.
#if defined(__x86_64__)
#include "decode_amx.h"

/// bfloat16 and float16; columns beyond the matrix are zeros.
SOTTO_INLINE_AVX512 void decode_halves(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                       sotto_amx_block *panel, const int is_bfloat) {
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    const uint8_t *p = sotto_row_of(view, view->values, view->row_bytes, row, r);
    for (size_t b = first; b < first + blocks; b++) {
      size_t left = view->columns - b * SOTTO_BLOCK;
      uint32_t mask = left < SOTTO_BLOCK ? (1u << left) - 1 : ~0u;
      __m512i values = _mm512_maskz_loadu_epi16(mask, p + 2 * b * SOTTO_BLOCK);
      if (!is_bfloat)
        values = sotto_bfloats(_mm512_cvtph_ps(_mm512_castsi512_si256(values)),
                               _mm512_cvtph_ps(_mm512_extracti64x4_epi64(values, 1)));
      sotto_put(panel + b - first, r, values);
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_bfloat16_amx(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                void *panel) {
  decode_halves(view, row, first, blocks, panel, 1);
}

SOTTO_TARGET_AVX512 void sotto_decode_float16_amx(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                               void *panel) {
  decode_halves(view, row, first, blocks, panel, 0);
}

/// The other integers, from panels of 16 rows (see sotto_panel_block): the bytes of a row, 16 columns after another.
SOTTO_INLINE_AVX512 void turn(const sotto_panel_block *in, int has_offset, int8_t out[2][4][4][16]) {
#pragma clang loop unroll(full)
  for (int half = 0; half < 2; half++) {
    __m512i q[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      q[i] = _mm512_load_si512(in->values[4 * half + i]);
      if (has_offset) q[i] = _mm512_xor_si512(q[i], _mm512_set1_epi8((char)128));
    }
    __m512i a = _mm512_unpacklo_epi32(q[0], q[1]), b = _mm512_unpackhi_epi32(q[0], q[1]);
    __m512i c = _mm512_unpacklo_epi32(q[2], q[3]), d = _mm512_unpackhi_epi32(q[2], q[3]);
    // Row 4 * p + i is part p of register i.
    _mm512_store_si512(out[half][0], _mm512_unpacklo_epi64(a, c));
    _mm512_store_si512(out[half][1], _mm512_unpackhi_epi64(a, c));
    _mm512_store_si512(out[half][2], _mm512_unpacklo_epi64(b, d));
    _mm512_store_si512(out[half][3], _mm512_unpackhi_epi64(b, d));
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_panels_amx(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                void *panel) {
  const sotto_panel_kind kind = sotto_formats[view->matrix->format].kind;
  const int is_whole = sotto_is_whole_tile(view, row), second = sotto_has_halves(kind);
  const int second_minimum = kind == SOTTO_HALF_MINIMUMS;
  _Alignas(64) sotto_panel_block in[SOTTO_PANEL_BLOCKS];
  (is_whole ? sotto_decoder_avx512(view->matrix->format) : sotto_decode_portable)(view, row, first, blocks, in);
  sotto_amx_block *out = panel;
  for (size_t b = 0; b < blocks; b++, out++) {
    _Alignas(64) int8_t bytes[2][4][4][16];
    turn(&in[b], is_whole, bytes);
#pragma clang loop unroll(full)
    for (int r = 0; r < SOTTO_TILE; r++) {
      _Alignas(32) int8_t values[SOTTO_BLOCK];
      _mm_store_si128((__m128i *)values, _mm_load_si128((const __m128i *)bytes[0][r % 4][r / 4]));
      _mm_store_si128((__m128i *)(values + 16), _mm_load_si128((const __m128i *)bytes[1][r % 4][r / 4]));
      float minimum = 0, last = 0;
      if (sotto_has_minimums(kind)) {
        minimum = in[b].minimum[0][r];
        last = in[b].minimum[second_minimum][r];
      }
      sotto_put(out, (size_t)r, sotto_scaled(values, in[b].scale[0][r], in[b].scale[second][r], minimum, last));
    }
  }
}

/// FLOAT8, from panels of floats.
SOTTO_TARGET_AVX512 void sotto_decode_float8_amx(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                              void *panel) {
  _Alignas(64) sotto_float_panel_block in;
  sotto_amx_block *out = panel;
  for (size_t b = 0; b < blocks; b++, out++) {
    (sotto_is_whole_tile(view, row) ? sotto_decode_floats_avx512 : sotto_decode_floats_portable)(view, row, first + b,
                                                                                                 1, &in);
    __m512i half[2][16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
#pragma clang loop unroll(full)
      for (int column = 0; column < 16; column++) half[i][column] = _mm512_load_si512(in.values[16 * i + column]);
      sotto_transpose_words(half[i]);
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < SOTTO_TILE; r++)
      sotto_put(out, r, sotto_bfloats(_mm512_castsi512_ps(half[0][r]), _mm512_castsi512_ps(half[1][r])));
  }
}
#endif
