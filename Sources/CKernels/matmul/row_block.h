// One row's block of 32 columns, as the portable decoders give it.
#pragma once
#include "product.h"

/// weight = scale * value + minimum, with the scale and the minimum of columns 0..15 and of 16..31.
typedef struct {
  int8_t values[SOTTO_BLOCK];
  float scale[2], minimum[2];
} sotto_row_block;

SOTTO_INLINE void sotto_set_scale(sotto_row_block *out, float scale) { out->scale[0] = out->scale[1] = scale; }
SOTTO_INLINE void sotto_set_minimum(sotto_row_block *out, float minimum) {
  out->minimum[0] = out->minimum[1] = minimum;
}
/// Block `index` of the (super-)block at `p` of a format without fast decoders.
void sotto_decode_rare(sotto_weight_format format, const uint8_t *p, size_t index, sotto_row_block *out);

SOTTO_INLINE float sotto_half_at(const uint8_t *p) { return sotto_float_from_half(sotto_load16(p)); }
