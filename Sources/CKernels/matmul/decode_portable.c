// Decoders of every weight format in plain C, one row's block at a time: the reference for the tests of the fast
// decoders, and the fallback on machines without one.
#include <string.h>

#include "row_block.h"

static const int8_t doubled_e2m1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// Low nibbles are columns 0..15, high nibbles 16..31.
static void split_nibbles(const uint8_t *bytes, int8_t values[SOTTO_BLOCK]) {
  for (int i = 0; i < 16; i++) {
    values[i] = (int8_t)(bytes[i] & 15);
    values[16 + i] = (int8_t)(bytes[i] >> 4);
  }
}

/// Q4_0, Q5_0 (`center` 8 and 16) and Q4_1, Q5_1 (no centre but a minimum): scale, minimum, fifth bits, nibbles.
static void legacy(const uint8_t *p, int has_minimum, int has_fifth, sotto_row_block *out) {
  sotto_set_scale(out, sotto_half_at(p));
  p += 2;
  if (has_minimum) {
    sotto_set_minimum(out, sotto_half_at(p));
    p += 2;
  }
  uint32_t fifth = 0;
  if (has_fifth) {
    fifth = sotto_load32(p);
    p += 4;
  }
  split_nibbles(p, out->values);
  int center = has_minimum ? 0 : has_fifth ? 16 : 8;
  for (int i = 0; i < SOTTO_BLOCK; i++)
    out->values[i] = (int8_t)(out->values[i] + (int)((fifth >> i) & 1) * 16 - center);
}

/// The 6-bit scale and minimum of sub-block `index` out of a super-block's 12 bytes.
static void packed_scales(const uint8_t *p, size_t index, int *scale, int *minimum) {
  if (index < 4) {
    *scale = p[index] & 63;
    *minimum = p[index + 4] & 63;
  } else {
    *scale = (p[index + 4] & 15) | (p[index - 4] >> 6 << 4);
    *minimum = (p[index + 4] >> 4) | (p[index] >> 6 << 4);
  }
}

/// Q4_K and Q5_K: d, dmin, 12 bytes of scales, (32 bytes of fifth bits,) 128 bytes of nibbles.
static void super_block(const uint8_t *p, size_t index, int has_fifth, sotto_row_block *out) {
  int scale, minimum;
  packed_scales(p + 4, index, &scale, &minimum);
  sotto_set_scale(out, sotto_half_at(p) * (float)scale);
  sotto_set_minimum(out, -sotto_half_at(p + 2) * (float)minimum);
  const uint8_t *fifth = p + 16, *nibbles = p + (has_fifth ? 48 : 16) + index / 2 * 32;
  for (int i = 0; i < SOTTO_BLOCK; i++) {
    int value = index % 2 ? nibbles[i] >> 4 : nibbles[i] & 15;
    if (has_fifth) value |= (fifth[i] >> index & 1) << 4;
    out->values[i] = (int8_t)value;
  }
}

/// Q6_K: low nibbles, upper two bits, 16 signed scales, d.
static void six_bits(const uint8_t *p, size_t index, sotto_row_block *out) {
  size_t half = index / 4, quarter = index % 4;
  const uint8_t *low = p + half * 64 + quarter % 2 * 32, *high = p + 128 + half * 32;
  for (int i = 0; i < SOTTO_BLOCK; i++) {
    int value = quarter / 2 ? low[i] >> 4 : low[i] & 15;
    out->values[i] = (int8_t)((value | (high[i] >> (2 * quarter) & 3) << 4) - 32);
  }
  float d = sotto_half_at(p + 208);
  for (int i = 0; i < 2; i++) out->scale[i] = d * (float)(int8_t)p[192 + 2 * index + (size_t)i];
}

/// Q2_K: for 16 columns each a nibble of scale and one of minimum; then two bits each, d and dmin.
static void two_bits(const uint8_t *p, size_t index, sotto_row_block *out) {
  const uint8_t *values = p + 16 + index / 4 * 32;
  for (int i = 0; i < SOTTO_BLOCK; i++) out->values[i] = values[i] >> (2 * (index % 4)) & 3;
  for (size_t i = 0; i < 2; i++) {
    uint8_t packed = p[2 * index + i];
    out->scale[i] = sotto_half_at(p + 80) * (float)(packed & 15);
    out->minimum[i] = -sotto_half_at(p + 82) * (float)(packed >> 4);
  }
}

/// Q3_K: third bits (inverted: 4 is subtracted if one is not set), the lower two bits, 16 scales of 6 bits, d.
static void three_bits(const uint8_t *p, size_t index, sotto_row_block *out) {
  const uint8_t *low = p + 32 + index / 4 * 32, *packed = p + 96;
  for (int i = 0; i < SOTTO_BLOCK; i++)
    out->values[i] = (int8_t)((low[i] >> (2 * (index % 4)) & 3) - (p[i] >> index & 1 ? 0 : 4));
  for (size_t i = 0; i < 2; i++) {
    size_t at = 2 * index + i;
    int scale = (packed[at % 8] >> (at / 8 * 4) & 15) | (packed[8 + at % 4] >> (at / 4 * 2) & 3) << 4;
    out->scale[i] = sotto_half_at(p + 108) * (float)(scale - 32);
  }
}

/// The 4-bit numbers of IQ4_NL and IQ4_XS stand for these.
static void look_up_iq4(int8_t values[SOTTO_BLOCK]) {
  static const int8_t meanings[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  for (int i = 0; i < SOTTO_BLOCK; i++) values[i] = meanings[values[i]];
}

/// Affine groups: the values are a stream of bits from the low ones up. Bytes are stored with their centre subtracted.
static void affine(const sotto_view *view, const uint8_t *p, size_t row, size_t block, sotto_row_block *out) {
  const sotto_matrix *matrix = view->matrix;
  const int bits = sotto_affine_bits(matrix->format), centre = bits == 8 ? 128 : 0;
  size_t group = block * SOTTO_BLOCK / matrix->group;
  float scale = sotto_float_at(view->scales + row * view->scale_row_bytes, matrix->scale_type, group);
  const uint8_t *biases = view->biases + row * view->bias_row_bytes;
  float bias = matrix->has_zero_points ? -(float)biases[group] * scale : sotto_float_at(biases, matrix->scale_type, group);
  sotto_set_scale(out, scale);
  sotto_set_minimum(out, bits == 8 ? bias + 128 * scale : bias);
  for (int i = 0; i < SOTTO_BLOCK; i++) {
    int at = i * bits, end = at + bits;
    int both = p[at / 8] | (end > at / 8 * 8 + 8 ? p[at / 8 + 1] << 8 : 0);
    out->values[i] = (int8_t)((both >> at % 8 & ((1 << bits) - 1)) - centre);
  }
}

static void decode_block(const sotto_view *view, size_t row, size_t block, sotto_row_block *out) {
  const sotto_matrix *matrix = view->matrix;
  sotto_format_traits traits = sotto_formats[matrix->format];
  size_t per_block = traits.columns / SOTTO_BLOCK;
  const uint8_t *p = view->values + row * view->row_bytes + block / per_block * traits.bytes;
  const uint8_t *scales = view->scales + row * view->scale_row_bytes;
  sotto_set_minimum(out, 0);
  switch (matrix->format) {
    case SOTTO_Q4_0: legacy(p, 0, 0, out); break;
    case SOTTO_Q4_1: legacy(p, 1, 0, out); break;
    case SOTTO_Q5_0: legacy(p, 0, 1, out); break;
    case SOTTO_Q5_1: legacy(p, 1, 1, out); break;
    case SOTTO_Q8_0:
      sotto_set_scale(out, sotto_half_at(p));
      memcpy(out->values, p + 2, SOTTO_BLOCK);
      break;
    case SOTTO_Q4_K: super_block(p, block % 8, 0, out); break;
    case SOTTO_Q5_K: super_block(p, block % 8, 1, out); break;
    case SOTTO_Q6_K: six_bits(p, block % 8, out); break;
    case SOTTO_MXFP4:
      sotto_set_scale(out, sotto_half_of_e8m0(*p));
      split_nibbles(p + 1, out->values);
      for (int i = 0; i < SOTTO_BLOCK; i++) out->values[i] = doubled_e2m1[out->values[i]];
      break;
    case SOTTO_MXFP4_PLANAR:
      sotto_set_scale(out, sotto_half_of_e8m0(scales[block]));
      for (int i = 0; i < SOTTO_BLOCK; i++) out->values[i] = doubled_e2m1[p[i / 2] >> (i % 2 * 4) & 15];
      break;
    case SOTTO_Q2_K: two_bits(p, block % 8, out); break;
    case SOTTO_Q3_K: three_bits(p, block % 8, out); break;
    case SOTTO_IQ4_NL:
      sotto_set_scale(out, sotto_half_at(p));
      split_nibbles(p + 2, out->values);
      look_up_iq4(out->values);
      break;
    case SOTTO_IQ4_XS: {
      int scale = (p[4 + block % 8 / 2] >> (block % 2 * 4) & 15) | (sotto_load16(p + 2) >> (2 * (block % 8)) & 3) << 4;
      sotto_set_scale(out, sotto_half_at(p) * (float)(scale - 32));
      split_nibbles(p + 8 + 16 * (block % 8), out->values);
      look_up_iq4(out->values);
      break;
    }
    case SOTTO_NVFP4:
      for (size_t i = 0; i < SOTTO_BLOCK; i++) {
        uint8_t both = p[4 + 16 * (block % 2) + i / 16 * 8 + i % 8];
        out->values[i] = doubled_e2m1[both >> (i / 8 % 2 * 4) & 15];
      }
      for (size_t i = 0; i < 2; i++) out->scale[i] = sotto_half_of_ue4m3(p[block % 2 * 2 + i]);
      break;
    case SOTTO_NVFP4_PLANAR:
      for (int i = 0; i < SOTTO_BLOCK; i++) out->values[i] = doubled_e2m1[p[i / 2] >> (i % 2 * 4) & 15];
      for (size_t i = 0; i < 2; i++) out->scale[i] = sotto_float_from_e4m3(scales[2 * block + i]) * 0.5f;
      break;
    default:
      if (sotto_is_affine(matrix->format))
        affine(view, p, row, block, out);
      else
        sotto_decode_rare(matrix->format, p, block % per_block, out);
  }
}

/// The 32 numbers of a block of SOTTO_FLOAT8.
static void float8_block(const sotto_view *view, size_t row, size_t block, float out[SOTTO_BLOCK]) {
  const uint8_t *p = view->values + row * view->row_bytes + block * SOTTO_BLOCK;
  const uint8_t *scales = view->scales + row * view->scale_row_bytes;
  size_t group = block * SOTTO_BLOCK / view->matrix->group;
  float scale = view->matrix->scale_type == SOTTO_E8M0 ? sotto_float_from_e8m0(scales[group])
                                                      : sotto_float_at(scales, SOTTO_FLOAT32, group);
  for (int i = 0; i < SOTTO_BLOCK; i++) out[i] = sotto_float_from_e4m3(p[i]) * scale;
}

static size_t clamped(const sotto_view *view, size_t row) { return row < view->rows ? row : view->rows - 1; }

void sotto_decode_portable(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel) {
  sotto_panel_block *out = panel;
  sotto_row_block one;
  for (size_t b = 0; b < blocks; b++)
    for (size_t r = 0; r < SOTTO_TILE; r++) {
      decode_block(view, clamped(view, row + r), first + b, &one);
      for (size_t quad = 0; quad < 8; quad++) memcpy(out[b].values[quad][r], one.values + 4 * quad, 4);
      out[b].scale[0][r] = one.scale[0];
      out[b].scale[1][r] = one.scale[1];
      out[b].minimum[0][r] = one.minimum[0];
      out[b].minimum[1][r] = one.minimum[1];
    }
}

void sotto_decode_floats_portable(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel) {
  sotto_float_panel_block *out = panel;
  sotto_row_block one;
  for (size_t b = 0; b < blocks; b++)
    for (size_t r = 0; r < SOTTO_TILE; r++) {
      size_t from = clamped(view, row + r), column = (first + b) * SOTTO_BLOCK;
      sotto_weight_format format = view->matrix->format;
      if (format <= SOTTO_BFLOAT16) {
        const uint8_t *p = view->values + from * view->row_bytes;
        for (size_t i = 0; i < SOTTO_BLOCK; i++)
          out[b].values[i][r] = column + i < view->columns ? sotto_float_at(p, format, column + i) : 0;
      } else if (format == SOTTO_FLOAT8) {
        float numbers[SOTTO_BLOCK];
        float8_block(view, from, first + b, numbers);
        for (size_t i = 0; i < SOTTO_BLOCK; i++) out[b].values[i][r] = numbers[i];
      } else {
        decode_block(view, from, first + b, &one);
        for (size_t i = 0; i < SOTTO_BLOCK; i++)
          out[b].values[i][r] = one.scale[i / 16] * (float)one.values[i] + one.minimum[i / 16];
      }
    }
}

void sotto_decode_row(const sotto_matrix *matrix, size_t row, float scale, float *out) {
  sotto_view view = sotto_matrix_view(matrix, 0);
  sotto_row_block one;
  if (matrix->format <= SOTTO_BFLOAT16) {
    const uint8_t *p = view.values + row * view.row_bytes;
    for (size_t i = 0; i < view.columns; i++) out[i] = sotto_float_at(p, matrix->format, i) * scale;
    return;
  }
  for (size_t b = 0; b < view.columns / SOTTO_BLOCK; b++) {
    if (matrix->format == SOTTO_FLOAT8) {
      float8_block(&view, row, b, out + b * SOTTO_BLOCK);
      for (size_t i = 0; i < SOTTO_BLOCK; i++) out[b * SOTTO_BLOCK + i] *= scale;
      continue;
    }
    decode_block(&view, row, b, &one);
    for (size_t i = 0; i < SOTTO_BLOCK; i++)
      out[b * SOTTO_BLOCK + i] = (one.scale[i / 16] * (float)one.values[i] + one.minimum[i / 16]) * scale;
  }
}

void sotto_decode_row_blocks(const sotto_matrix *matrix, size_t row, void *out) {
  sotto_view view = sotto_matrix_view(matrix, 0);
  sotto_row_block one;
  uint8_t *to = out;
  for (size_t b = 0; b < view.columns / SOTTO_BLOCK; b++, to += SOTTO_BLOCK + sizeof one.scale) {
    decode_block(&view, row, b, &one);
    memcpy(to, one.values, SOTTO_BLOCK);
    memcpy(to + SOTTO_BLOCK, one.scale, sizeof one.scale);
  }
}
