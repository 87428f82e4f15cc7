// AVX-512 decoders of float panels: float formats by transposition, quantised ones from their integer panels. Also
// the bfloat16 product, for bfloat16 weights if activations may be rounded.
#if defined(__x86_64__)
#include "decode_avx512.h"
#include "methods.h"

SOTTO_INLINE_AVX512 void store_column(sotto_float_panel_block *panel, size_t column, __m512 values) {
  _mm512_store_ps(panel->values[column], values);
}

/// 16 bytes per row at a time; the remainder of a row that is not a multiple of 4 (or 8) columns is decoded by
/// portable code.
SOTTO_INLINE_AVX512 void decode_floats(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                       sotto_float_panel_block *out, const sotto_weight_format format) {
  const size_t size = format == SOTTO_FLOAT32 ? 4 : 2, step = 16 / size;
  size_t whole = view->columns / SOTTO_BLOCK;
  whole = whole < first ? 0 : whole - first;
  if (whole > blocks) whole = blocks;
  if (whole < blocks) sotto_decode_floats_portable(view, row, first + whole, blocks - whole, out + whole);
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < whole; b++, out++)
#pragma clang loop unroll(full)
    for (size_t column = 0; column < SOTTO_BLOCK; column += step) {
      __m512i pieces[4];
      sotto_transpose(&rows, ((first + b) * SOTTO_BLOCK + column) * size, pieces);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 4; i++) {
        if (format == SOTTO_FLOAT32) {
          store_column(out, column + i, _mm512_castsi512_ps(pieces[i]));
        } else if (format == SOTTO_FLOAT16) {
          store_column(out, column + 2 * i, sotto_halves_low(pieces[i]));
          store_column(out, column + 2 * i + 1, sotto_halves_high(pieces[i]));
        } else {
          __m512i upper = _mm512_and_si512(pieces[i], _mm512_set1_epi32((int)0xffff0000));
          store_column(out, column + 2 * i, _mm512_castsi512_ps(_mm512_slli_epi32(pieces[i], 16)));
          store_column(out, column + 2 * i + 1, _mm512_castsi512_ps(upper));
        }
      }
    }
}

/// weight = scale * value + minimum, from integer panels.
SOTTO_INLINE_AVX512 void expand(const sotto_panel_block *in, size_t blocks, sotto_float_panel_block *out,
                                sotto_panel_kind kind) {
  const __m512i byte = _mm512_set1_epi32(255), center = _mm512_set1_epi32(128);
  for (size_t b = 0; b < blocks; b++, in++, out++)
    for (size_t quad = 0; quad < 8; quad++) {
      const int half = sotto_has_halves(kind) && quad >= 4;
      __m512 scale = _mm512_load_ps(in->scale[half]);
      __m512 minimum = sotto_has_minimums(kind) ? _mm512_load_ps(in->minimum[half]) : _mm512_setzero_ps();
      __m512i values = _mm512_load_si512(in->values[quad]);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 4; i++) {
        __m512i value = _mm512_and_si512(_mm512_srli_epi32(values, (unsigned)(8 * i)), byte);
        __m512 weight = _mm512_cvtepi32_ps(_mm512_sub_epi32(value, center));
        store_column(out, 4 * quad + i, _mm512_fmadd_ps(scale, weight, minimum));
      }
    }
}

SOTTO_TARGET_AVX512 void sotto_decode_floats_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                    void *panel) {
  switch (view->matrix->format) {
    case SOTTO_FLOAT32: decode_floats(view, row, first, blocks, panel, SOTTO_FLOAT32); break;
    case SOTTO_FLOAT16: decode_floats(view, row, first, blocks, panel, SOTTO_FLOAT16); break;
    case SOTTO_BFLOAT16: decode_floats(view, row, first, blocks, panel, SOTTO_BFLOAT16); break;
    case SOTTO_FLOAT8: sotto_decode_float8_floats_avx512(view, row, first, blocks, panel); break;
    default: {
      _Alignas(64) sotto_panel_block integers[SOTTO_PANEL_BLOCKS];
      sotto_decoder_avx512(view->matrix->format)(view, row, first, blocks, integers);
      expand(integers, blocks, panel, sotto_formats[view->matrix->format].kind);
    }
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_bfloats_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                     void *panel) {
  sotto_bfloat_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  for (size_t b = 0; b < blocks; b++, out++) {
    size_t column = (first + b) * SOTTO_BLOCK;
    if (column + SOTTO_BLOCK > view->columns) {
      sotto_decode_bfloats_edge(view, row, first + b, 1, out);
      continue;
    }
#pragma clang loop unroll(full)
    for (size_t part = 0; part < 4; part++) {
      __m512i pieces[4];
      sotto_transpose(&rows, 2 * (column + 8 * part), pieces);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 4; i++) _mm512_store_si512(out->values[4 * part + i], pieces[i]);
    }
  }
}

void sotto_decode_bfloats_edge(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel) {
  sotto_bfloat_panel_block *out = panel;
  memset(out, 0, blocks * sizeof *out);
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    const uint8_t *p = view->values + (row + r < view->rows ? row + r : view->rows - 1) * view->row_bytes;
    for (size_t i = 0; i < blocks * SOTTO_BLOCK && first * SOTTO_BLOCK + i < view->columns; i++)
      out[i / SOTTO_BLOCK].values[i % SOTTO_BLOCK / 2][r][i % 2] = sotto_load16(p + 2 * (first * SOTTO_BLOCK + i));
  }
}

SOTTO_TARGET_AVX512 void sotto_pack_bfloats_avx512(const float *x, size_t columns, size_t token, size_t tokens,
                                                   void *pack) {
  uint16_t *out = (uint16_t *)pack + token * SOTTO_BLOCK;
  for (size_t k = 0; k < columns; k += SOTTO_BLOCK, out += tokens * SOTTO_BLOCK) {
    uint32_t mask = columns - k < SOTTO_BLOCK ? (1u << (columns - k)) - 1 : ~0u;
    __m512 low = _mm512_maskz_loadu_ps((__mmask16)mask, x + k);
    __m512 high = _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), x + k + 16);
    _mm512_storeu_si512(out, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

SOTTO_INLINE_AVX512 void multiply_bfloats(const sotto_bfloat_panel_block *panel, const uint8_t *x, size_t blocks,
                                          float (*sums)[SOTTO_TILE], const size_t count) {
  __m512 sum[SOTTO_GROUP];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) sum[t] = _mm512_loadu_ps(sums[t]);
  for (size_t b = 0; b < blocks; b++, panel++, x += count * SOTTO_BFLOAT_PACK_BYTES)
#pragma clang loop unroll(full)
    for (size_t pair = 0; pair < 16; pair++) {
      __m512bh weights = (__m512bh)_mm512_load_si512(panel->values[pair]);
#pragma clang loop unroll(full)
      for (size_t t = 0; t < count; t++) {
        __m512i values = _mm512_set1_epi32((int)sotto_load32(x + SOTTO_BFLOAT_PACK_BYTES * t + 4 * pair));
        sum[t] = _mm512_dpbf16_ps(sum[t], weights, (__m512bh)values);
      }
    }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) _mm512_storeu_ps(sums[t], sum[t]);
}

SOTTO_TARGET_AVX512 void sotto_multiply_bfloats_avx512(const void *panel, const void *x, size_t blocks, size_t tokens,
                                                       float (*sums)[SOTTO_TILE]) {
  SOTTO_FOR_TOKENS(tokens, multiply_bfloats, panel, x, blocks, sums)
}
#endif
