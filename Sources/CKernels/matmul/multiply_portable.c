// Packing and multiplying in C that compilers vectorise: the float product of every instruction set, and the integer
// product of machines without dot-product instructions.
#include <math.h>
#include <string.h>

#include "methods.h"

// 16 rows side by side; a compiler splits them into the registers that the target has.
typedef float lanes __attribute__((vector_size(4 * SOTTO_TILE)));

/// `count` (a constant after inlining) tokens of a group, their sums in registers.
SOTTO_INLINE void multiply_floats_of(const sotto_float_panel_block *panel, const float *x, size_t stride,
                                     size_t blocks, float (*sums)[SOTTO_TILE], const int count) {
  lanes sum[SOTTO_GROUP];
  memcpy(sum, sums, (size_t)count * sizeof *sum);
  for (size_t b = 0; b < blocks; b++, x += stride)
    for (int column = 0; column < SOTTO_BLOCK; column++) {
      lanes weights;
      memcpy(&weights, panel[b].values[column], sizeof weights);
#pragma clang loop unroll(full)
      for (int t = 0; t < count; t++) {
        float value = x[t * SOTTO_BLOCK + column];
        lanes spread = {value, value, value, value, value, value, value, value,
                        value, value, value, value, value, value, value, value};
        sum[t] += weights * spread;
      }
    }
  memcpy(sums, sum, (size_t)count * sizeof *sum);
}

/// All tokens of a group, `step` at a time.
SOTTO_INLINE void multiply_floats(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                  float (*sums)[SOTTO_TILE], const int step) {
  size_t stride = tokens * SOTTO_BLOCK;
  for (size_t t = 0; t < tokens;) {
    size_t left = tokens - t;
    const float *x = (const float *)pack + t * SOTTO_BLOCK;
#define CASE(n)                                                        \
  if (n <= step && left >= n) {                                        \
    multiply_floats_of(panel, x, stride, blocks, sums + t, n);         \
    t += n;                                                            \
    continue;                                                          \
  }
    CASE(12) CASE(11) CASE(10) CASE(9) CASE(8) CASE(7) CASE(6) CASE(5) CASE(4) CASE(3) CASE(2) CASE(1)
#undef CASE
  }
}

void sotto_pack_floats(const float *x, size_t columns, size_t token, size_t tokens, void *pack) {
  float *out = (float *)pack + token * SOTTO_BLOCK;
  for (size_t k = 0; k < columns; k += SOTTO_BLOCK, out += tokens * SOTTO_BLOCK) {
    size_t count = columns - k < SOTTO_BLOCK ? columns - k : SOTTO_BLOCK;
    memcpy(out, x + k, count * sizeof *out);
    memset(out + count, 0, (SOTTO_BLOCK - count) * sizeof *out);
  }
}

/// Rounds a token to 8 bits: of every block, scale = largest magnitude / 127.
SOTTO_INLINE void pack_integers(const float *x, size_t columns, size_t token, size_t tokens, void *pack) {
  uint8_t *out = pack;
  for (size_t k = 0; k < columns; k += SOTTO_BLOCK, out += tokens * SOTTO_PACK_BYTES) {
    float largest = 0;
    for (int i = 0; i < SOTTO_BLOCK; i++) {
      float magnitude = fabsf(x[k + (size_t)i]);
      largest = magnitude > largest ? magnitude : largest;
    }
    // Scales stay normal numbers when a power of two multiplies them (see sotto_half_of_e8m0).
    float scale = largest > 0x1p-50f ? fminf(largest / 127, 0x1p60f) : 0x1p-50f;
    float inverse = largest > 0x1p-50f ? 1 / scale : 0;
    int8_t values[SOTTO_BLOCK];
    int32_t halves[2] = {0, 0};
    for (int i = 0; i < SOTTO_BLOCK; i++) {
      float scaled = fmaxf(-127, fminf(127, x[k + (size_t)i] * inverse));
      int32_t value = (int32_t)rintf(scaled);
      values[i] = (int8_t)value;
      halves[i / 16] += value;
    }
    sotto_store_pack(out, token, tokens, values, scale, halves);
  }
}

SOTTO_INLINE void multiply_integers(const void *panels, const void *pack, size_t blocks, size_t tokens,
                                    float (*sums)[SOTTO_TILE]) {
  const sotto_panel_block *panel = panels;
  const uint8_t *x = pack;
  for (size_t b = 0; b < blocks; b++, panel++, x += tokens * SOTTO_PACK_BYTES) {
    const int8_t *values = (const int8_t *)x;
    const float *scale = (const float *)(x + 32 * tokens), *sum = scale + 3 * tokens;
    for (size_t t = 0; t < tokens; t++)
      for (int half = 0; half < 2; half++) {
        int32_t products[SOTTO_TILE] = {0};
        for (int quad = 4 * half; quad < 4 * half + 4; quad++)
          for (int r = 0; r < SOTTO_TILE; r++)
            for (int i = 0; i < 4; i++)
              products[r] += panel->values[quad][r][i] * values[t * SOTTO_BLOCK + (size_t)(4 * quad + i)];
        for (int r = 0; r < SOTTO_TILE; r++) {
          sums[t][r] += (float)products[r] * (panel->scale[half][r] * scale[t]);
          if (half) sums[t][r] += panel->minimum[r] * sum[t];
        }
      }
  }
}

SOTTO_INLINE void store(const float (*sums)[SOTTO_TILE], size_t tokens, const float bias[SOTTO_TILE],
                        const float *residual, size_t residual_stride, float *y, size_t y_stride, size_t rows) {
  lanes shift, added, sum;
  memcpy(&shift, bias, sizeof shift);
  for (size_t t = 0; t < tokens; t++, y += y_stride) {
    memcpy(&sum, sums[t], sizeof sum);
    sum += shift;
    if (rows < SOTTO_TILE) {
      for (size_t r = 0; r < rows; r++) y[r] = sum[r] + (residual ? residual[t * residual_stride + r] : 0);
      continue;
    }
    if (residual) {
      memcpy(&added, residual + t * residual_stride, sizeof added);
      sum += added;
    }
    memcpy(y, &sum, sizeof sum);
  }
}

#define STORE(name)                                                                                          \
  void name(const float (*sums)[SOTTO_TILE], size_t tokens, const float bias[SOTTO_TILE],                    \
            const float *residual, size_t residual_stride, float *y, size_t y_stride, size_t rows) {         \
    store(sums, tokens, bias, residual, residual_stride, y, y_stride, rows);                                 \
  }

STORE(sotto_store_portable)

void sotto_pack_integers_portable(const float *x, size_t columns, size_t token, size_t tokens, void *pack) {
  pack_integers(x, columns, token, tokens, pack);
}

void sotto_multiply_integers_portable(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                      float (*sums)[SOTTO_TILE]) {
  multiply_integers(panel, pack, blocks, tokens, sums);
}

void sotto_multiply_floats_portable(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                    float (*sums)[SOTTO_TILE]) {
  multiply_floats(panel, pack, blocks, tokens, sums, 4);
}

#if defined(__x86_64__)
SOTTO_TARGET_AVX2 STORE(sotto_store_avx2)
SOTTO_TARGET_AVX512 STORE(sotto_store_avx512)

SOTTO_TARGET_AVX2 void sotto_multiply_floats_avx2(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                                  float (*sums)[SOTTO_TILE]) {
  multiply_floats(panel, pack, blocks, tokens, sums, 6);
}

SOTTO_TARGET_AVX2 void sotto_pack_integers_avx2(const float *x, size_t columns, size_t token, size_t tokens,
                                                void *pack) {
  pack_integers(x, columns, token, tokens, pack);
}

SOTTO_TARGET_AVX512 void sotto_multiply_floats_avx512(const void *panel, const void *pack, size_t blocks,
                                                      size_t tokens, float (*sums)[SOTTO_TILE]) {
  multiply_floats(panel, pack, blocks, tokens, sums, 12);
}
#elif defined(__aarch64__)
STORE(sotto_store_neon)

void sotto_multiply_floats_neon(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                float (*sums)[SOTTO_TILE]) {
  multiply_floats(panel, pack, blocks, tokens, sums, 6);
}

void sotto_pack_integers_neon(const float *x, size_t columns, size_t token, size_t tokens, void *pack) {
  pack_integers(x, columns, token, tokens, pack);
}
#endif
