// The functions that methods are made of, by instruction set.
#pragma once
#include "product.h"

void sotto_pack_floats(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_pack_integers_portable(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_multiply_integers_portable(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                      float (*sums)[SOTTO_TILE]);
void sotto_multiply_floats_portable(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                    float (*sums)[SOTTO_TILE]);
#if defined(__x86_64__)
void sotto_pack_integers_avx2(const float *x, size_t columns, size_t token, size_t tokens, void *pack);
void sotto_multiply_floats_avx2(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                float (*sums)[SOTTO_TILE]);
void sotto_multiply_floats_avx512(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                  float (*sums)[SOTTO_TILE]);
#endif

/// Writes one token's block into a group's pack at `out`; `halves` are the sums of columns 0..15 and 16..31.
SOTTO_INLINE void sotto_store_pack(uint8_t *out, size_t token, size_t tokens, const int8_t values[SOTTO_BLOCK],
                                   float scale, const int32_t halves[2]) {
  __builtin_memcpy(out + SOTTO_BLOCK * token, values, SOTTO_BLOCK);
  float *scales = (float *)(out + SOTTO_BLOCK * tokens);
  int32_t *starts = (int32_t *)(scales + tokens);
  scales[token] = scale;
  starts[token] = -128 * (halves[0] + halves[1]);
  starts[tokens + token] = -128 * halves[0];
  scales[3 * tokens + token] = scale * (float)(halves[0] + halves[1]);
}
