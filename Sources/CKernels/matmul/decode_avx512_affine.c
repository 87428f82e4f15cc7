// AVX-512 decoders of affine groups.
#if defined(__x86_64__)
#include "decode_avx512.h"
#include "methods.h"

/// 16 numbers of a scale plane, one per row.
SOTTO_INLINE_AVX512 __m512 plane_numbers(const sotto_tile_rows *rows, sotto_weight_format type, size_t index) {
  if (type == SOTTO_FLOAT32) return _mm512_castsi512_ps(sotto_gather(rows, 4 * index));
  __m512i numbers = sotto_gather_item(rows, index, 2);
  return type == SOTTO_FLOAT16 ? sotto_halves_low(numbers) : _mm512_castsi512_ps(_mm512_slli_epi32(numbers, 16));
}

/// A block of nibbles or bytes.
SOTTO_INLINE_AVX512 void store_bytes(const sotto_tile_rows *rows, size_t offset, sotto_panel_block *out,
                                     const int bits) {
#pragma clang loop unroll(full)
  for (int part = 0; part < bits / 4; part++) {
    __m512i bytes[4];
    sotto_transpose(rows, offset + 16 * (size_t)part, bytes);
#pragma clang loop unroll(full)
    for (int i = 0; i < 32 / bits; i++) {
      if (bits == 8)
        sotto_store_quad(out, 4 * part + i, bytes[i]);
      else
        sotto_store_quad(out, i, sotto_keep(sotto_spread_bits(bytes[i / 2], i % 2 * 16, 4), 15, (char)128));
    }
  }
}

/// A block of other widths: `bits` words of 32 bits for each row, whose numbers may lie across two words.
SOTTO_INLINE_AVX512 void store_bits(const sotto_tile_rows *rows, size_t offset, sotto_panel_block *out,
                                    const int bits) {
  __m512i words[8];
  // Transposing three words of four is cheaper than gathering them, but reads 16 bytes of the row.
  const int loaded = bits >= 4 ? 4 : bits == 3 && offset + 16 <= rows->stride ? 3 : 0;
  if (loaded) sotto_transpose(rows, offset, words);
#pragma clang loop unroll(full)
  for (int i = 0; i < bits; i++)
    if (i >= loaded) words[i] = sotto_gather(rows, offset + 4 * (size_t)i);
#pragma clang loop unroll(full)
  for (int quad = 0; quad < 8; quad++) {
    const int word = quad * bits / 8, shift = quad * bits * 4 % 32;
    __m512i values = words[word];
    if (shift + 4 * bits > 32) {
      __m512i next = _mm512_slli_epi32(words[word + 1], (unsigned)(32 - shift));
      values = sotto_spread_bits(_mm512_or_si512(_mm512_srli_epi32(values, (unsigned)shift), next), 0, bits);
    } else {
      values = sotto_spread_bits(values, shift, bits);
    }
    sotto_store_quad(out, quad, sotto_keep(values, (char)((1 << bits) - 1), (char)128));
  }
}

SOTTO_INLINE_AVX512 void decode_affine(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel,
                                       const int bits) {
  const size_t stride = (size_t)(4 * bits);
  sotto_weight_format type = view->matrix->scale_type;
  sotto_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  sotto_tile_rows scales = {view->scales + row * view->scale_row_bytes, view->scale_row_bytes};
  sotto_tile_rows biases = {view->biases + row * view->bias_row_bytes, view->bias_row_bytes};
  size_t per_group = view->matrix->group / SOTTO_BLOCK;
  __m512 scale = _mm512_setzero_ps(), minimum = scale;
  for (size_t b = 0; b < blocks; b++, out++) {
    if (b == 0 || (first + b) % per_group == 0) {
      scale = plane_numbers(&scales, type, (first + b) / per_group);
      if (view->matrix->has_zero_points) {
        __m512i zero = _mm512_and_si512(sotto_gather_item(&biases, (first + b) / per_group, 1), _mm512_set1_epi32(255));
        minimum = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_setzero_si512(), zero)), scale);
      } else {
        minimum = plane_numbers(&biases, type, (first + b) / per_group);
      }
      // Bytes are stored unchanged, so their value here is 128 less.
      if (bits == 8) minimum = _mm512_fmadd_ps(_mm512_set1_ps(128), scale, minimum);
    }
    _mm512_store_ps(out->scale[0], scale);
    _mm512_store_ps(out->minimum[0], minimum);
if (bits == 4 || bits == 8)
      store_bytes(&rows, (first + b) * stride, out, bits);
    else
      store_bits(&rows, (first + b) * stride, out, bits);
  }
}

SOTTO_TARGET_AVX512 void sotto_decode_affine1_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                     void *panel) {
  decode_affine(view, row, first, blocks, panel, 1);
}

SOTTO_TARGET_AVX512 void sotto_decode_affine2_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                     void *panel) {
  decode_affine(view, row, first, blocks, panel, 2);
}

SOTTO_TARGET_AVX512 void sotto_decode_affine3_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                     void *panel) {
  decode_affine(view, row, first, blocks, panel, 3);
}

SOTTO_TARGET_AVX512 void sotto_decode_affine4_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                     void *panel) {
  decode_affine(view, row, first, blocks, panel, 4);
}

SOTTO_TARGET_AVX512 void sotto_decode_affine5_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                     void *panel) {
  decode_affine(view, row, first, blocks, panel, 5);
}

SOTTO_TARGET_AVX512 void sotto_decode_affine6_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                     void *panel) {
  decode_affine(view, row, first, blocks, panel, 6);
}

SOTTO_TARGET_AVX512 void sotto_decode_affine8_avx512(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                     void *panel) {
  decode_affine(view, row, first, blocks, panel, 8);
}
#endif
