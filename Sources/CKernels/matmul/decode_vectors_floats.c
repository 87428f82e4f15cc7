// The AVX2 and NEON decoders for the exact precision: weights as floats, a column at a time. Formats of integers are
// unpacked as in decode_vectors.c first.
#if defined(__x86_64__) || defined(__aarch64__)
#include "vectors.h"

/// Float formats: four rows' pieces of 16 bytes, transposed into columns.
SOTTO_VECTOR void decode_plain(const sotto_view *view, size_t row, size_t first, size_t blocks,
                               sotto_float_panel_block *out, const sotto_weight_format format) {
  const size_t size = format == SOTTO_FLOAT32 ? 4 : 2, columns = 4 / size;  // columns in a 4-byte piece
  for (size_t b = first; b < first + blocks; b++, out++)
    for (size_t piece = 0; piece < SOTTO_BLOCK / columns; piece += 4)
      for (size_t four = 0; four < SOTTO_TILE; four += 4) {
        const uint8_t *p = view->values + (row + four) * view->row_bytes + b * SOTTO_BLOCK * size + 4 * piece;
        words in[4], quads[4];
        for (size_t r = 0; r < 4; r++) in[r] = (words)load(p + r * view->row_bytes);
        transpose(in, quads);
        for (size_t i = 0; i < 4; i++)
          for (size_t part = 0; part < columns; part++) {
            words x = quads[i];
            floats value = (floats)x;
            if (format == SOTTO_FLOAT16) value = from_halves(part ? x >> 16 : x);
            if (format == SOTTO_BFLOAT16) value = (floats)(part ? x & 0xffff0000 : x << 16);
            memcpy(&out->values[(piece + i) * columns + part][four], &value, sizeof value);
          }
      }
}

/// E4M3 bytes with scales: four rows' pieces of 16 bytes, as above.
SOTTO_VECTOR void decode_float8(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                sotto_float_panel_block *out) {
  for (size_t b = first; b < first + blocks; b++, out++) {
    _Alignas(16) float scale[SOTTO_TILE];
    size_t group = b * SOTTO_BLOCK / view->matrix->group;
    for (size_t r = 0; r < SOTTO_TILE; r++) {
      const uint8_t *scales = view->scales + (row + r) * view->scale_row_bytes;
      scale[r] = view->matrix->scale_type == SOTTO_E8M0 ? sotto_float_from_e8m0(scales[group])
                                                        : sotto_float_at(scales, SOTTO_FLOAT32, group);
    }
    for (size_t piece = 0; piece < 8; piece += 4)
      for (size_t four = 0; four < SOTTO_TILE; four += 4) {
        const uint8_t *p = view->values + (row + four) * view->row_bytes + b * SOTTO_BLOCK + 4 * piece;
        words in[4], quads[4];
        for (size_t r = 0; r < 4; r++) in[r] = (words)load(p + r * view->row_bytes);
        transpose(in, quads);
        floats scales;
        memcpy(&scales, scale + four, sizeof scales);
        for (size_t i = 0; i < 4; i++)
          for (size_t part = 0; part < 4; part++) {
            floats value = from_e4m3(quads[i] >> (uint32_t)(8 * part)) * scales;
            memcpy(&out->values[(piece + i) * 4 + part][four], &value, sizeof value);
          }
      }
  }
}

/// weight = scale * value + minimum, from integer panels.
SOTTO_VECTOR void expand(const sotto_panel_block *in, size_t blocks, sotto_float_panel_block *out,
                         const sotto_panel_kind kind) {
  for (size_t b = 0; b < blocks; b++, in++, out++)
    for (size_t quad = 0; quad < 8; quad++)
      for (size_t i = 0; i < 4; i++)
        for (size_t r = 0; r < SOTTO_TILE; r++) {
          const int half = sotto_has_halves(kind) && quad >= 4;
          float scaled = in->scale[half][r] * (float)in->values[quad][r][i];
          out->values[4 * quad + i][r] = sotto_has_minimums(kind) ? scaled + in->minimum[half][r] : scaled;
        }
}

SOTTO_VECTOR void decode_floats(const sotto_view *view, size_t row, size_t first, size_t blocks, void *panel) {
  sotto_float_panel_block *out = panel;
  sotto_weight_format format = view->matrix->format;
  if (format <= SOTTO_BFLOAT16) {
    // Blocks that extend beyond the matrix are decoded by portable code.
    size_t end = view->columns / SOTTO_BLOCK, whole = first + blocks <= end ? blocks : first < end ? end - first : 0;
    if (whole < blocks) sotto_decode_floats_portable(view, row, first + whole, blocks - whole, out + whole);
    if (format == SOTTO_FLOAT32) decode_plain(view, row, first, whole, out, SOTTO_FLOAT32);
    if (format == SOTTO_FLOAT16) decode_plain(view, row, first, whole, out, SOTTO_FLOAT16);
    if (format == SOTTO_BFLOAT16) decode_plain(view, row, first, whole, out, SOTTO_BFLOAT16);
    return;
  }
  if (format == SOTTO_FLOAT8) {
    decode_float8(view, row, first, blocks, out);
    return;
  }
  sotto_panel_block integers[SOTTO_PANEL_BLOCKS];
#if defined(__x86_64__)
  sotto_decode_integers_avx2(view, row, first, blocks, integers);
#else
  sotto_decode_integers_neon(view, row, first, blocks, integers);
#endif
  switch (sotto_formats[format].kind) {
    case SOTTO_HALVES: expand(integers, blocks, out, SOTTO_HALVES); break;
    case SOTTO_MINIMUMS: expand(integers, blocks, out, SOTTO_MINIMUMS); break;
    case SOTTO_HALF_MINIMUMS: expand(integers, blocks, out, SOTTO_HALF_MINIMUMS); break;
    default: expand(integers, blocks, out, SOTTO_PLAIN);
  }
}

#if defined(__x86_64__)
SOTTO_TARGET_AVX2 void sotto_decode_floats_avx2(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                void *panel) {
  decode_floats(view, row, first, blocks, panel);
}
#else
SOTTO_TARGET_NEON void sotto_decode_floats_neon(const sotto_view *view, size_t row, size_t first, size_t blocks,
                                                void *panel) {
  decode_floats(view, row, first, blocks, panel);
}
#endif
#endif
