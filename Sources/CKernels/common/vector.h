// Vectors of 16 float32 numbers; levels.h includes this file once per level.
//
// Only always-inlined functions take or return vectors. exp2 and exp are accurate to 2 ulp for normal results;
// results below 2^-126 are 0.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define v16 LEVEL(sotto_v16)
#define i16 LEVEL(sotto_i16)
#define vector_function static inline __attribute__((always_inline, unused))

typedef float v16 __attribute__((vector_size(64)));
typedef int32_t i16 __attribute__((vector_size(64)));
typedef float LEVEL(unaligned_v16) __attribute__((vector_size(64), aligned(4)));

vector_function v16 LEVEL(load)(const float *p) { return *(const LEVEL(unaligned_v16) *)p; }
vector_function void LEVEL(store)(float *p, v16 x) { *(LEVEL(unaligned_v16) *)p = x; }
vector_function v16 LEVEL(all)(float x) { return (v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
vector_function i16 LEVEL(iota)(void) { return (i16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }

// The first `count` numbers (1 to 16), then zeros.
vector_function v16 LEVEL(load_some)(const float *p, ptrdiff_t count) {
#if LEVEL_AVX512
  return (v16)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#else
  v16 x = LEVEL(all)(0);
  memcpy(&x, p, (size_t)count * sizeof(float));
  return x;
#endif
}
vector_function void LEVEL(store_some)(float *p, v16 x, ptrdiff_t count) {
#if LEVEL_AVX512
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)x);
#else
  memcpy(p, &x, (size_t)count * sizeof(float));
#endif
}

vector_function v16 LEVEL(maximum)(v16 a, v16 b) { return __builtin_elementwise_max(a, b); }
vector_function v16 LEVEL(minimum)(v16 a, v16 b) { return __builtin_elementwise_min(a, b); }
// a in lanes where the mask is set, b elsewhere.
vector_function v16 LEVEL(select)(i16 mask, v16 a, v16 b) { return (v16)(((i16)a & mask) | ((i16)b & ~mask)); }

vector_function float LEVEL(sum)(v16 x) {
#if LEVEL_AVX512
  return _mm512_reduce_add_ps((__m512)x);
#else
  float s = 0;
  for (int step = 8; step; step /= 2)
    for (int i = 0; i < step; i++) x[i] += x[i + step];
  s = x[0];
  return s;
#endif
}
vector_function float LEVEL(largest)(v16 x) { return __builtin_reduce_max(x); }

// 2^n * y for integers n from -127 (which gives 0) to 130 (which may overflow).
vector_function v16 LEVEL(exp2_scale)(v16 y, i16 n) {
  // Two factors, so that 2^128 does not overflow if y < 1.
  i16 half = n >> 1;
  v16 a = (v16)((half + 127) << 23), b = (v16)((n - half + 127) << 23);
  return (v16)((i16)(y * a * b) & (n > -127));
}
// 2^r for
// r
//  <= 1/2: a polynomial with a relative error of 2e-9, fitted for the largest relative error.
vector_function v16 LEVEL(exp2_fraction)(v16 r) {
  v16 p = r * 0x1.41fbbcp-13f + 0x1.5f3e54p-10f;
  p = p * r + 0x1.3b2d4cp-7f;
  p = p * r + 0x1.c6aee8p-5f;
  p = p * r + 0x1.ebfbdcp-3f;
  p = p * r + 0x1.62e430p-1f;
  return p * r + 1.0f;
}
vector_function v16 LEVEL(nearest)(v16 x, i16 *whole) {
#if LEVEL_AVX512
  __m512i n = _mm512_cvtps_epi32((__m512)x);
  *whole = (i16)n;
  return (v16)_mm512_cvtepi32_ps(n);
#else
  // Adding 1.5 * 2^23 leaves the integer in the low bits.
  v16 shifted = x + 0x1.8p23f;
  *whole = (i16)shifted - 0x4b400000;
  return shifted - 0x1.8p23f;
#endif
}
// 2^x for x up to some tens: weights of a softmax; 0 for x of about -127 and less.
vector_function v16 LEVEL(exp2_weight)(v16 x) {
#if LEVEL_AVX512
  // Far below the smallest float, so that 2^x becomes 0.
  __m512 y = (__m512)LEVEL(maximum)(x, LEVEL(all)(-200.0f)), whole = _mm512_roundscale_ps(y, 0);
  return (v16)_mm512_scalef_ps((__m512)LEVEL(exp2_fraction)((v16)_mm512_sub_ps(y, whole)), whole);
#else
  i16 n;
  x = LEVEL(maximum)(x, LEVEL(all)(-127.0f));
  v16 fraction = x - LEVEL(nearest)(x, &n);
  return (v16)((i16)(LEVEL(exp2_fraction)(fraction) * (v16)((n + 127) << 23)) & (n > -127));
#endif
}
// e^x; infinite beyond the range of float32.
vector_function v16 LEVEL(exp)(v16 x) {
  i16 n;
  x = LEVEL(minimum)(LEVEL(maximum)(x, LEVEL(all)(-88.0f)), LEVEL(all)(90.0f));
  v16 whole = LEVEL(nearest)(x * 0x1.715476p0f, &n);
  // x - whole * ln 2 with ln 2 in two parts, the first of which has few bits, so that its product is exact.
  v16 r = x - whole * 0x1.62e4p-1f;
  r = r - whole * 0x1.7f7d1cp-20f;
  return LEVEL(exp2_scale)(LEVEL(exp2_fraction)(r * 0x1.715476p0f), n);
}
vector_function v16 LEVEL(sigmoid)(v16 x) { return 1.0f / (1.0f + LEVEL(exp)(-x)); }
// log(1 + e^x) = max(x, 0) + log(1 + u) with u = e^-|x|, and log(1 + u) = 2 artanh(z) with z = u / (2 + u): the series
// to z^15 has a relative error of 2e-8 at z = 1/3, and less below.
vector_function v16 LEVEL(softplus)(v16 x) {
  v16 zero = LEVEL(all)(0), u = LEVEL(exp)(LEVEL(minimum)(x, -x)), z = u / (2.0f + u), s = z * z;
  v16 series = s * (1.0f / 15) + 1.0f / 13;
  series = series * s + 1.0f / 11;
  series = series * s + 1.0f / 9;
  series = series * s + 1.0f / 7;
  series = series * s + 1.0f / 5;
  series = series * s + 1.0f / 3;
  return LEVEL(maximum)(x, zero) + 2.0f * (z + z * s * series);
}
vector_function v16 LEVEL(tanh)(v16 x) {
  // The quotient would cancel near 0; the odd series to x^9 is used there (error below 1e-8 for
  // x
  //  < 0.25).
  v16 s = x * x;
  v16 series = s * (62.0f / 2835.0f) - 17.0f / 315.0f;
  series = series * s + 2.0f / 15.0f;
  series = series * s - 1.0f / 3.0f;
  series = series * s * x + x;
  v16 quotient = 1.0f - 2.0f / (LEVEL(exp)(x + x) + 1.0f);
  return LEVEL(select)((x < 0.25f) & (x > -0.25f), series, quotient);
}
