// E4M3 bytes with scales on AVX-512: decoded into floats, or into bfloat16 pairs if activations may be rounded.
//
// Every E4M3 number is a bfloat16 number, so the fast panels hold the bytes' values exactly, and the scales beside them
// are applied to the sums of a block. 64 weights cost two table look-ups, one instruction for the signs and two
// permutations, besides 8 of the transposition: about 13 instructions for 64 bytes, so that with one token a core is
// limited by memory (3 cycles for a line from 20 GB/s would allow 39 instructions).
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

SOTTO_TARGET_AVX512 void sotto_decode_float8_floats_avx512(const sotto_view *view, size_t row, size_t first,
                                                           size_t blocks, void *panel) {
  sotto_float_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  sotto_tile_rows scales = {view->scales + row * view->scale_row_bytes, view->scale_row_bytes};
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
      for (size_t i = 0; i < 16; i++)
        _mm512_store_ps(out[b].values[16 * part + i], _mm512_mul_ps(sotto_from_e4m3(bytes[i / 4], (int)(i % 4)), scale));
    }
  }
}

// The upper and the lower byte of the bfloat16 number of every magnitude: with exponent e and fraction f the bits are
// (e + 120) * 128 + f * 16; below the least exponent, f / 512 in the nearest form.
#define EIGHT(x) x, x, x, x, x, x, x, x
#define SIXTEEN(x) EIGHT(x), EIGHT(x)
#define FRACTIONS(x) x, x + 16, x + 32, x + 48, x + 64, x + 80, x + 96, x + 112
static const _Alignas(64) uint8_t upper_bytes[128] = {
    0, 0x3b, 0x3b, 0x3b, 0x3c, 0x3c, 0x3c, 0x3c, EIGHT(0x3c), SIXTEEN(0x3d), SIXTEEN(0x3e), SIXTEEN(0x3f),
    SIXTEEN(0x40), SIXTEEN(0x41), SIXTEEN(0x42), EIGHT(0x43), 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x7f};
static const _Alignas(64) uint8_t lower_bytes[128] = {
    0, 0, 0x80, 0xc0, 0, 0x20, 0x40, 0x60,  FRACTIONS(128), FRACTIONS(0), FRACTIONS(128), FRACTIONS(0), FRACTIONS(128),
    FRACTIONS(0), FRACTIONS(128), FRACTIONS(0), FRACTIONS(128), FRACTIONS(0), FRACTIONS(128), FRACTIONS(0),
    FRACTIONS(128), FRACTIONS(0), 128, 144, 160, 176, 192, 208, 224, 0xc0};

SOTTO_TARGET_AVX512 void sotto_decode_float8_bfloats_avx512(const sotto_view *view, size_t row, size_t first,
                                                            size_t blocks, void *panel) {
  sotto_scaled_bfloat_panel_block *out = panel;
  sotto_tile_rows rows = {view->values + row * view->row_bytes, view->row_bytes};
  sotto_tile_rows scales = {view->scales + row * view->scale_row_bytes, view->scale_row_bytes};
  const __m512i upper[2] = {_mm512_load_si512(upper_bytes), _mm512_load_si512(upper_bytes + 64)};
  const __m512i lower[2] = {_mm512_load_si512(lower_bytes), _mm512_load_si512(lower_bytes + 64)};
  const __m512i sign = _mm512_set1_epi8((char)128);
  // Bytes 0 and 1 of every lane, the lower byte of each from the first register and the upper from the second.
  _Alignas(64) uint8_t pairs[64];
  for (int i = 0; i < 64; i++) pairs[i] = (uint8_t)(i / 4 * 4 + i % 4 / 2 + i % 2 * 64);
  const __m512i even = _mm512_load_si512(pairs), odd = _mm512_add_epi8(even, _mm512_set1_epi8(2));
  size_t per_group = view->matrix->group / SOTTO_BLOCK;
  __m512 scale = _mm512_setzero_ps();
  for (size_t b = 0; b < blocks; b++) {
    if (b == 0 || (first + b) % per_group == 0)
      scale = scales_of(&scales, view->matrix->scale_type, (first + b) / per_group);
    _mm512_store_ps(out[b].scale, scale);
#pragma clang loop unroll(full)
    for (size_t part = 0; part < 2; part++) {
      __m512i bytes[4];
      sotto_transpose(&rows, (first + b) * SOTTO_BLOCK + 16 * part, bytes);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 4; i++) {
        // The look-ups ignore the highest bit.
        __m512i high = _mm512_permutex2var_epi8(upper[0], bytes[i], upper[1]);
        __m512i low = _mm512_permutex2var_epi8(lower[0], bytes[i], lower[1]);
        high = _mm512_ternarylogic_epi32(high, bytes[i], sign, 0xf8);  // high | bytes & sign
        _mm512_store_si512(out[b].values[8 * part + 2 * i], _mm512_permutex2var_epi8(low, even, high));
        _mm512_store_si512(out[b].values[8 * part + 2 * i + 1], _mm512_permutex2var_epi8(low, odd, high));
      }
    }
  }
}

void sotto_decode_float8_bfloats_edge(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel) {
  sotto_scaled_bfloat_panel_block *out = panel;
  int is_float = view->matrix->scale_type == SOTTO_FLOAT32;
  for (size_t r = 0; r < SOTTO_TILE; r++) {
    size_t index = row + r < view->rows ? row + r : view->rows - 1;
    const uint8_t *p = view->values + index * view->row_bytes + first * SOTTO_BLOCK;
    const uint8_t *scales = view->scales + index * view->scale_row_bytes;
    for (size_t b = 0; b < blocks; b++, p += SOTTO_BLOCK) {
      size_t group = (first + b) * SOTTO_BLOCK / view->matrix->group;
      out[b].scale[r] = is_float ? sotto_float_from_bits(sotto_load32(scales + 4 * group))
                                 : sotto_float_from_e8m0(scales[group]);
      for (size_t i = 0; i < SOTTO_BLOCK; i++)
        out[b].values[i / 2][r][i % 2] = (uint16_t)(lower_bytes[p[i] & 127] | (upper_bytes[p[i] & 127] | (p[i] & 128)) << 8);
    }
  }
}

/// The products of a block are summed up alone, then added by the scale: one more instruction for 16.
SOTTO_INLINE_AVX512 void multiply_scaled_bfloats(const sotto_scaled_bfloat_panel_block *panel, const uint8_t *x,
                                                 size_t blocks, float (*sums)[SOTTO_TILE], const size_t count) {
  __m512 sum[SOTTO_GROUP];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) sum[t] = _mm512_loadu_ps(sums[t]);
  for (size_t b = 0; b < blocks; b++, panel++, x += count * SOTTO_BFLOAT_PACK_BYTES) {
    __m512 products[SOTTO_GROUP];
#pragma clang loop unroll(full)
    for (size_t t = 0; t < count; t++) products[t] = _mm512_setzero_ps();
#pragma clang loop unroll(full)
    for (size_t pair = 0; pair < 16; pair++) {
      __m512bh weights = (__m512bh)_mm512_load_si512(panel->values[pair]);
#pragma clang loop unroll(full)
      for (size_t t = 0; t < count; t++) {
        __m512i values = _mm512_set1_epi32((int)sotto_load32(x + SOTTO_BFLOAT_PACK_BYTES * t + 4 * pair));
        products[t] = _mm512_dpbf16_ps(products[t], weights, (__m512bh)values);
      }
    }
#pragma clang loop unroll(full)
    for (size_t t = 0; t < count; t++) sum[t] = _mm512_fmadd_ps(products[t], _mm512_load_ps(panel->scale), sum[t]);
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < count; t++) _mm512_storeu_ps(sums[t], sum[t]);
}

SOTTO_TARGET_AVX512 void sotto_multiply_scaled_bfloats_avx512(const void *panel, const void *x, size_t blocks,
                                                              size_t tokens, float (*sums)[SOTTO_TILE]) {
  SOTTO_FOR_TOKENS(tokens, multiply_scaled_bfloats, panel, x, blocks, sums)
}
#endif
