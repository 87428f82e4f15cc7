// The AVX2 and NEON decoders: a row's 32 values are unpacked into two registers; four rows are then transposed into
// quads. About 100 cycles for 16 rows of a block.
#if defined(__x86_64__) || defined(__aarch64__)
#include "super_scales.h"
#include "unpack_vectors.h"

/// Scales (and minimums) of the formats without super-blocks.
SOTTO_VECTOR void store_scales(const sotto_view *view, const uint8_t *p, size_t row, size_t block,
                               const sotto_weight_format format, sotto_panel_block *out) {
  numbers x, y;
  if (format == SOTTO_MXFP4 || format == SOTTO_MXFP4_PLANAR) {
    const int is_planar = format == SOTTO_MXFP4_PLANAR;
    const uint8_t *scales = is_planar ? view->scales + row * view->scale_row_bytes + block : p;
    size_t stride = is_planar ? view->scale_row_bytes : view->row_bytes;
    for (size_t r = 0; r < SOTTO_TILE; r++) out->scale[0][r] = sotto_half_of_e8m0(scales[r * stride]);
    return;
  }
  if (format == SOTTO_NVFP4 || format == SOTTO_NVFP4_PLANAR) {
    const int is_planar = format == SOTTO_NVFP4_PLANAR;
    const uint8_t *scales = is_planar ? view->scales + row * view->scale_row_bytes + 2 * block : p + block % 2 * 2;
    const size_t stride = is_planar ? view->scale_row_bytes : view->row_bytes;
    for (size_t r = 0; r < SOTTO_TILE; r++) x.bits[r] = sotto_load16(scales + r * stride);
    for (size_t four = 0; four < SOTTO_TILE; four += 4)
      for (uint32_t half = 0; half < 2; half++) {
        words codes;
        memcpy(&codes, x.bits + four, sizeof codes);
        codes = codes >> (8 * half) & 255;
        floats scale = is_planar ? from_e4m3(codes) * 0.5f : halves_of_ue4m3(codes);
        memcpy(out->scale[half] + four, &scale, sizeof scale);
      }
    return;
  }
  if (sotto_is_affine(format)) {
    sotto_weight_format type = view->matrix->scale_type;
    size_t index = block * SOTTO_BLOCK / view->matrix->group;
    for (size_t r = 0; r < SOTTO_TILE; r++) {
      const uint8_t *scales = view->scales + (row + r) * view->scale_row_bytes;
      const uint8_t *biases = view->biases + (row + r) * view->bias_row_bytes;
      x.bits[r] = type == SOTTO_FLOAT32 ? sotto_load32(scales + 4 * index) : sotto_load16(scales + 2 * index);
      if (view->matrix->has_zero_points)
        out->minimum[0][r] = -(float)biases[index];
      else
        y.bits[r] = type == SOTTO_FLOAT32 ? sotto_load32(biases + 4 * index) : sotto_load16(biases + 2 * index);
    }
    store_numbers(&x, type, 0, out->scale[0]);
    if (view->matrix->has_zero_points)
      for (int r = 0; r < SOTTO_TILE; r++) out->minimum[0][r] *= out->scale[0][r];
    else
      store_numbers(&y, type, 0, out->minimum[0]);
    if (format == SOTTO_AFFINE8)
      for (int r = 0; r < SOTTO_TILE; r++) out->minimum[0][r] += 128 * out->scale[0][r];
    return;
  }
  for (size_t r = 0; r < SOTTO_TILE; r++) x.bits[r] = sotto_load32(p + r * view->row_bytes);
  store_numbers(&x, SOTTO_FLOAT16, 0, out->scale[0]);
  if (format == SOTTO_Q4_1 || format == SOTTO_Q5_1) store_numbers(&x, SOTTO_FLOAT16, 16, out->minimum[0]);
}

/// How values are stored: as they are, plus 128 (multiply_vnni.c) or in pairs of rows (multiply_i8mm.c).
typedef enum { AS_QUADS, PLUS_128, IN_PAIRS } panel_order;

SOTTO_VECTOR void decode(const sotto_view *view, size_t row, size_t first, size_t blocks, sotto_panel_block *out,
                         const sotto_weight_format format, const size_t stride,
                         const panel_order order) {
  const int is_super = sotto_is_super(format);
  super_scales super;
  const uint8_t *rows = view->values + row * view->row_bytes;
  for (size_t b = first; b < first + blocks; b++, out++) {
    const uint8_t *p = rows + b / blocks_together(format) * stride;
    if (is_super) {
      if (b == first || b % 8 == 0) load_super_scales(p, view->row_bytes, format, &super);
      store_super_scales(&super, b % 8, format, out);
    } else {
      store_scales(view, p, row, b, format, out);
    }
    for (int four = 0; four < SOTTO_TILE; four += 4) {
      words in[2][4], quads[4];
#pragma clang loop unroll(full)
      for (int r = 0; r < 4; r++, p += view->row_bytes) {
        bytes values[2];
        unpack(p, b % 8, format, values);
        if (order == PLUS_128) values[0] ^= 128, values[1] ^= 128;
        in[0][r] = (words)values[0], in[1][r] = (words)values[1];
      }
      if (order == IN_PAIRS) {
        int8_t *to = &out->values[0][0][0] + 8 * four;
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) {  // the half and the pair of rows
          pairs a = (pairs)in[i / 2][i % 2 * 2], b = (pairs)in[i / 2][i % 2 * 2 + 1];
          pairs low = __builtin_shufflevector(a, b, 0, 2), high = __builtin_shufflevector(a, b, 1, 3);
          memcpy(to + 256 * (i / 2) + 16 * (i % 2), &low, sizeof low);
          memcpy(to + 256 * (i / 2) + 128 + 16 * (i % 2), &high, sizeof high);
        }
        continue;
      }
#pragma clang loop unroll(full)
      for (int half = 0; half < 2; half++) {
        transpose(in[half], quads);
        for (int i = 0; i < 4; i++) memcpy(out->values[4 * half + i][four], &quads[i], sizeof *quads);
      }
    }
  }
}

SOTTO_VECTOR void decode_integers(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel,
                                  const panel_order order) {
  switch (view->matrix->format) {
#define CASE(format, stride) \
  case format: decode(view, row, first, blocks, panel, format, stride, order); break;
    CASE(SOTTO_Q4_0, 18)
    CASE(SOTTO_Q4_1, 20)
    CASE(SOTTO_Q5_0, 22)
    CASE(SOTTO_Q5_1, 24)
    CASE(SOTTO_Q8_0, 34)
    CASE(SOTTO_Q4_K, 144)
    CASE(SOTTO_Q5_K, 176)
    CASE(SOTTO_Q6_K, 210)
    CASE(SOTTO_MXFP4, 17)
    CASE(SOTTO_MXFP4_PLANAR, 16)
    CASE(SOTTO_Q2_K, 84)
    CASE(SOTTO_Q3_K, 110)
    CASE(SOTTO_IQ4_NL, 18)
    CASE(SOTTO_IQ4_XS, 136)
    CASE(SOTTO_IQ1_S, 50)
    CASE(SOTTO_IQ1_M, 56)
    CASE(SOTTO_IQ2_XXS, 66)
    CASE(SOTTO_IQ2_XS, 74)
    CASE(SOTTO_IQ2_S, 82)
    CASE(SOTTO_IQ3_XXS, 98)
    CASE(SOTTO_IQ3_S, 110)
    CASE(SOTTO_TQ1_0, 54)
    CASE(SOTTO_TQ2_0, 66)
    CASE(SOTTO_NVFP4, 36)
    CASE(SOTTO_NVFP4_PLANAR, 16)
    CASE(SOTTO_AFFINE1, 4)
    CASE(SOTTO_AFFINE2, 8)
    CASE(SOTTO_AFFINE3, 12)
    CASE(SOTTO_AFFINE4, 16)
    CASE(SOTTO_AFFINE5, 20)
    CASE(SOTTO_AFFINE6, 24)
    CASE(SOTTO_AFFINE8, 32)
#undef CASE
    default:
#if defined(__aarch64__)
      if (order == IN_PAIRS) {
        sotto_decode_edge_i8mm(view, row, first, blocks, panel);
        break;
      }
#else
      if (order == PLUS_128) {
        sotto_decode_edge_vnni(view, row, first, blocks, panel);
        break;
      }
#endif
      sotto_decode_portable(view, row, first, blocks, panel);
  }
}

#if defined(__x86_64__)
SOTTO_TARGET_AVX2 void sotto_decode_integers_avx2(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  decode_integers(view, row, first, blocks, panel, AS_QUADS);
}

SOTTO_TARGET_AVX2 void sotto_decode_integers_vnni(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  decode_integers(view, row, first, blocks, panel, PLUS_128);
}
#else
SOTTO_TARGET_NEON void sotto_decode_integers_neon(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                  void *panel) {
  decode_integers(view, row, first, blocks, panel, AS_QUADS);
}

void sotto_decode_integers_i8mm(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel) {
  decode_integers(view, row, first, blocks, panel, IN_PAIRS);
}
#endif
#endif
