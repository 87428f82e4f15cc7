// How the AVX2 and NEON decoders read the scales of 16 rows of super-blocks.
#pragma once
#include "unpack_lattices.h"

/// Whether a format has super-blocks of 256 columns.
SOTTO_VECTOR int sotto_is_super(const sotto_weight_format format) {
  return format == SOTTO_Q2_K || format == SOTTO_Q3_K || format == SOTTO_Q4_K || format == SOTTO_Q5_K ||
         format == SOTTO_Q6_K || format == SOTTO_IQ4_XS || sotto_is_lattice(format);
}

/// The blocks of 32 columns that are stored together.
SOTTO_VECTOR size_t blocks_together(const sotto_weight_format format) {
  return sotto_is_super(format) ? 8 : format == SOTTO_NVFP4 ? 2 : 1;
}

/// Whether a super-block has scales for 16 columns.
SOTTO_VECTOR int has_half_scales(const sotto_weight_format format) {
  return format == SOTTO_Q2_K || format == SOTTO_Q3_K || format == SOTTO_Q6_K || format == SOTTO_IQ1_M ||
         format == SOTTO_IQ2_XS || format == SOTTO_IQ2_S;
}

/// The scales of 16 rows and what they are decoded from.
typedef struct {
  _Alignas(16) uint32_t bits[SOTTO_TILE];
} numbers;

SOTTO_VECTOR void store_numbers(const numbers *in, sotto_weight_format type, int shift, float out[SOTTO_TILE]) {
  for (int i = 0; i < SOTTO_TILE; i += 4) {
    words x;
    memcpy(&x, in->bits + i, sizeof x);
    x >>= (uint32_t)shift;
    floats value = type == SOTTO_FLOAT32 ? (floats)x : type == SOTTO_FLOAT16 ? from_halves(x) : (floats)(x << 16);
    memcpy(out + i, &value, sizeof value);
  }
}

/// Scale bytes of 16 rows of a super-block, by sub-block, and d and dmin.
typedef struct {
  uint8_t scales[16][SOTTO_TILE], minimums[16][SOTTO_TILE];
  float d[SOTTO_TILE], dmin[SOTTO_TILE];
} super_scales;

SOTTO_VECTOR void load_super_scales(const uint8_t *p, size_t stride, const sotto_weight_format format,
                                    super_scales *out) {
  numbers d;
  for (size_t r = 0; r < SOTTO_TILE; r++, p += stride) {
    if (sotto_is_lattice(format)) {
      for (size_t i = 0; i < 8; i++)
        if (has_half_scales(format))
          for (size_t half = 0; half < 2; half++) out->scales[2 * i + half][r] = lattice_scale(p, i, half, format);
        else
          out->scales[i][r] = lattice_scale(p, i, 0, format);
      d.bits[r] = lattice_half(p, format);
      continue;
    }
    if (format == SOTTO_Q6_K) {
      for (int i = 0; i < 16; i++) out->scales[i][r] = p[192 + i];
      d.bits[r] = sotto_load16(p + 208);
      continue;
    }
    if (format == SOTTO_Q2_K) {
      for (int i = 0; i < 16; i++) out->scales[i][r] = p[i] & 15, out->minimums[i][r] = p[i] >> 4;
      d.bits[r] = sotto_load32(p + 80);
      continue;
    }
    if (format == SOTTO_Q3_K) {
      // Scales less 32 in two's complement.
      for (int i = 0; i < 16; i++) {
        int scale = (p[96 + i % 8] >> (i / 8 * 4) & 15) | (p[104 + i % 4] >> (i / 4 * 2) & 3) << 4;
        out->scales[i][r] = (uint8_t)(scale - 32);
      }
      d.bits[r] = sotto_load16(p + 108);
      continue;
    }
    if (format == SOTTO_IQ4_XS) {
      uint32_t head = sotto_load32(p), low = sotto_load32(p + 4);
      for (int i = 0; i < 8; i++)
        out->scales[i][r] = (uint8_t)(((low >> (4 * i) & 15) | (head >> (16 + 2 * i) & 3) << 4) - 32);
      d.bits[r] = head;
      continue;
    }
    d.bits[r] = sotto_load32(p);
    uint32_t a = sotto_load32(p + 4), b = sotto_load32(p + 8), c = sotto_load32(p + 12);
    uint32_t scales[2] = {a & 0x3f3f3f3f, (c & 0x0f0f0f0f) | (a >> 2 & 0x30303030)};
    uint32_t minimums[2] = {b & 0x3f3f3f3f, (c >> 4 & 0x0f0f0f0f) | (b >> 2 & 0x30303030)};
    for (int i = 0; i < 8; i++) {
      out->scales[i][r] = (uint8_t)(scales[i / 4] >> (8 * (i % 4)));
      out->minimums[i][r] = (uint8_t)(minimums[i / 4] >> (8 * (i % 4)));
    }
  }
  store_numbers(&d, SOTTO_FLOAT16, 0, out->d);
  if (sotto_is_lattice(format))
    for (int r = 0; r < SOTTO_TILE; r++) out->d[r] *= lattice_factor(format);
  if (sotto_has_minimums(sotto_formats[format].kind)) store_numbers(&d, SOTTO_FLOAT16, 16, out->dmin);
}

SOTTO_VECTOR void store_super_scales(const super_scales *in, size_t index, const sotto_weight_format format,
                                     sotto_panel_block *out) {
  if (has_half_scales(format)) {
    for (size_t half = 0; half < 2; half++)
      for (int r = 0; r < SOTTO_TILE; r++) {
        out->scale[half][r] = in->d[r] * (float)(int8_t)in->scales[2 * index + half][r];
        if (format == SOTTO_Q2_K) out->minimum[half][r] = -in->dmin[r] * (float)in->minimums[2 * index + half][r];
      }
    return;
  }
  if (format == SOTTO_IQ4_XS || sotto_is_lattice(format)) {
    for (int r = 0; r < SOTTO_TILE; r++) out->scale[0][r] = in->d[r] * (float)(int8_t)in->scales[index][r];
    return;
  }
  for (int r = 0; r < SOTTO_TILE; r++) out->scale[0][r] = in->d[r] * (float)in->scales[index][r];
  for (int r = 0; r < SOTTO_TILE; r++) out->minimum[0][r] = -in->dmin[r] * (float)in->minimums[index][r];
}
