// Packing and multiplying in C that compilers vectorise: the float product of every instruction set, and the integer
// product of machines without dot-product instructions.
#include <math.h>
#include <string.h>

#include "methods.h"

// 16 rows side by side; the compiler splits them into the target's registers.
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
  typedef int32_t integers __attribute__((vector_size(sizeof(lanes))));
  typedef int8_t bytes __attribute__((vector_size(SOTTO_TILE)));
  const lanes limit = {127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127};
  uint8_t *out = pack;
  for (size_t k = 0; k < columns; k += SOTTO_BLOCK, out += tokens * SOTTO_PACK_BYTES) {
    lanes half[2];
    memcpy(half, x + k, sizeof half);
    float largest = __builtin_reduce_max(
        __builtin_elementwise_max(__builtin_elementwise_abs(half[0]), __builtin_elementwise_abs(half[1])));
    // Scales stay normal numbers when a power of two multiplies them (see sotto_half_of_e8m0).
    float scale = largest > 0x1p-50f ? fminf(largest / 127, 0x1p60f) : 0x1p-50f;
    float inverse = largest > 0x1p-50f ? 1 / scale : 0;
    int8_t values[SOTTO_BLOCK];
    int32_t sums[2];
    for (int i = 0; i < 2; i++) {
      lanes scaled = __builtin_elementwise_max(-limit, __builtin_elementwise_min(limit, half[i] * inverse));
      integers rounded = __builtin_convertvector(__builtin_elementwise_rint(scaled), integers);
      bytes narrow = __builtin_convertvector(rounded, bytes);
      memcpy(values + SOTTO_TILE * i, &narrow, sizeof narrow);
      sums[i] = __builtin_reduce_add(rounded);
    }
    sotto_store_pack(out, token, tokens, values, scale, sums);
  }
}

SOTTO_INLINE void multiply_integers(const void *panels, const void *pack, size_t blocks, size_t tokens,
                                    float (*sums)[SOTTO_TILE], const sotto_panel_kind kind) {
  const sotto_panel_block *panel = panels;
  const uint8_t *x = pack;
  for (size_t b = 0; b < blocks; b++, panel++, x += tokens * SOTTO_PACK_BYTES) {
    const int8_t *values = (const int8_t *)x;
    const float *scale = (const float *)(x + 32 * tokens), *sum = scale + 3 * tokens;
    const int32_t *start = (const int32_t *)(scale + tokens), *first = start + tokens;
    for (size_t t = 0; t < tokens; t++) {
      for (int half = 0; half < 2; half++) {
        int32_t products[SOTTO_TILE] = {0};
        for (int quad = 4 * half; quad < 4 * half + 4; quad++)
          for (int r = 0; r < SOTTO_TILE; r++)
            for (int i = 0; i < 4; i++)
              products[r] += panel->values[quad][r][i] * values[t * SOTTO_BLOCK + (size_t)(4 * quad + i)];
        for (int r = 0; r < SOTTO_TILE; r++) {
          sums[t][r] += (float)products[r] * (panel->scale[half][r] * scale[t]);
          if (half && kind != SOTTO_HALF_MINIMUMS) sums[t][r] += panel->minimum[0][r] * sum[t];
        }
      }
      for (int half = 0; kind == SOTTO_HALF_MINIMUMS && half < 2; half++) {
        // The sums in a pack are times -128.
        float total = (float)(half ? start[t] - first[t] : first[t]) * -0x1p-7f * scale[t];
        for (int r = 0; r < SOTTO_TILE; r++) sums[t][r] += panel->minimum[half][r] * total;
      }
    }
  }
}

/// One output of one token.
SOTTO_INLINE void store_one(const sotto_place *place, size_t token, size_t row, float value) {
  float *y = place->y + token * place->y_stride;
  if (place->pairs)
    y[row % 2 * place->pairs + row / 2] = value;
  else
    y[row] = value + (place->residual ? place->residual[token * place->residual_stride + row] : 0);
}

SOTTO_INLINE void store(const float (*sums)[SOTTO_TILE], size_t tokens, const float bias[SOTTO_TILE],
                        const sotto_place *place) {
  lanes shift, added, sum;
  memcpy(&shift, bias, sizeof shift);
  for (size_t t = 0; t < tokens; t++) {
    float *y = place->y + t * place->y_stride;
    memcpy(&sum, sums[t], sizeof sum);
    sum += shift;
    if (place->rows < SOTTO_TILE) {
      for (size_t r = 0; r < place->rows; r++) store_one(place, t, r, sum[r]);
    } else if (place->pairs) {
      lanes apart = __builtin_shufflevector(sum, sum, 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
      memcpy(y, &apart, sizeof apart / 2);
      memcpy(y + place->pairs, (const char *)&apart + sizeof apart / 2, sizeof apart / 2);
    } else {
      if (place->residual) {
        memcpy(&added, place->residual + t * place->residual_stride, sizeof added);
        sum += added;
      }
      memcpy(y, &sum, sizeof sum);
    }
  }
}

#define STORE(name)                                                                                \
  void name(const float (*sums)[SOTTO_TILE], size_t tokens, const float bias[SOTTO_TILE],          \
            const sotto_place *place) {                                                            \
    store(sums, tokens, bias, place);                                                              \
  }

STORE(sotto_store_portable)

void sotto_pack_integers_portable(const float *x, size_t columns, size_t token, size_t tokens, void *pack) {
  pack_integers(x, columns, token, tokens, pack);
}

void sotto_multiply_integers_portable(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                      float (*sums)[SOTTO_TILE]) {
  multiply_integers(panel, pack, blocks, tokens, sums, SOTTO_PLAIN);
}

void sotto_multiply_half_minimums_portable(const void *panel, const void *pack, size_t blocks, size_t tokens,
                                           float (*sums)[SOTTO_TILE]) {
  multiply_integers(panel, pack, blocks, tokens, sums, SOTTO_HALF_MINIMUMS);
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
