// AVX-512 decoders of E4M3 bytes with scales: into floats, and into bfloat16 pairs if activations may be rounded.
#if defined(__x86_64__)
#include "decode_avx512.h"
#include "methods.h"

/// The scales of a group, one per row.
SOTTO_INLINE_AVX512 __m512 scales_of(const sotto_tile_rows *rows, sotto_weight_format type, size_t group) {
  if (type == SOTTO_FLOAT32) return _mm512_castsi512_ps(sotto_gather(rows, 4 * group));
  // See sotto_float_from_e8m0.
  __m512i x = _mm512_and_si512(sotto_gather_item(rows, group, 1), _mm512_set1_epi32(255));
  __m512i bits = _mm512_slli_epi32(x, 23);
  bits = _mm512_mask_mov_epi32(bits, _mm512_cmpeq_epi32_mask(x, _mm512_setzero_si512()), _mm512_set1_epi32(0x00400000));
  __mmask16 special = _mm512_cmpeq_epi32_mask(x, _mm512_set1_epi32(255));
  return _mm512_castsi512_ps(_mm512_mask_mov_epi32(bits, special, _mm512_set1_epi32(0x7fc00000)));
}

SOTTO_INLINE_AVX512 void decode(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel,
                                const int is_rounded) {
  sotto_float_panel_block *out = panel;
  sotto_bfloat_panel_block *rounded = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  sotto_tile_rows scales = {view->scales + row * view->scale_row_bytes, view->scale_row_bytes};
  const __m512i pairs = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  size_t per_group = view->matrix->group / SOTTO_BLOCK;
  __m512 scale = _mm512_setzero_ps();
  for (size_t b = 0; b < blocks; b++) {
    if (b == 0 || (first + b) % per_group == 0)
      scale = scales_of(&scales, view->matrix->scale_type, (first + b) / per_group);
#pragma clang loop unroll(full)
    for (size_t part = 0; part < 2; part++) {
      __m512i bytes[4];
      sotto_transpose(&rows, (first + b) * SOTTO_BLOCK + 16 * part, bytes);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 8; i++) {
        size_t pair = 8 * part + i;
        __m512 even = _mm512_mul_ps(sotto_from_e4m3(bytes[i / 2], (int)(i % 2 * 2)), scale);
        __m512 odd = _mm512_mul_ps(sotto_from_e4m3(bytes[i / 2], (int)(i % 2 * 2 + 1)), scale);
        if (is_rounded) {
          __m512i both = (__m512i)_mm512_cvtne2ps_pbh(odd, even);
          _mm512_store_si512(rounded[b].values[pair], _mm512_permutexvar_epi16(pairs, both));
        } else {
          _mm512_store_ps(out[b].values[2 * pair], even);
          _mm512_store_ps(out[b].values[2 * pair + 1], odd);
        }
      }
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_float8_floats_avx512(const sotto_view *view, size_t row, size_t first,
                                                           size_t blocks, void *panel) {
  decode(view, row, first, blocks, panel, 0);
}

SOTTO_TARGET_AVX512 void sotto_decode_float8_bfloats_avx512(const sotto_view *view, size_t row, size_t first,
                                                            size_t blocks, void *panel) {
  decode(view, row, first, blocks, panel, 1);
}

SOTTO_TARGET_AVX512 void sotto_decode_float8_bfloats_edge(const sotto_view *view, size_t row, size_t first,
                                                          size_t blocks, void *panel) {
  sotto_bfloat_panel_block *out = panel;
  const __m512i pairs = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  for (size_t b = 0; b < blocks; b++) {
    _Alignas(64) sotto_float_panel_block numbers;
    sotto_decode_floats_portable(view, row, first + b, 1, &numbers);
    for (size_t pair = 0; pair < SOTTO_BLOCK / 2; pair++) {
      __m512 even = _mm512_load_ps(numbers.values[2 * pair]), odd = _mm512_load_ps(numbers.values[2 * pair + 1]);
      __m512i both = (__m512i)_mm512_cvtne2ps_pbh(odd, even);
      _mm512_store_si512(out[b].values[pair], _mm512_permutexvar_epi16(pairs, both));
    }
  }
}
#endif
