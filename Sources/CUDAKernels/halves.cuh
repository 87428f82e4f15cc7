// Pairs of float16 numbers in registers.
#pragma once
#include "products.cuh"

static __device__ __forceinline__ uint32_t bits(__half2 x) { return *(uint32_t *)&x; }
static __device__ __forceinline__ __half2 halves(uint32_t x) { return *(__half2 *)&x; }
static __device__ __forceinline__ __half2 twice(float x) { return __float2half2_rn(x); }
// Whole numbers below 1024 in the low bits of each half, as float16 plus 1024.
static __device__ __forceinline__ __half2 whole(uint32_t x) { return halves(x | 0x64006400u); }

// Eight columns as float16 in an order, clamped to the range.
static __device__ __forceinline__ uint4 ordered_halves(const float v[8], int order) {
  float c[8];
#pragma unroll
  for (int i = 0; i < 8; i++) c[i] = fminf(fmaxf(v[i], -65504.0f), 65504.0f);
  __half2 y[4];
  if (order == 1) {
    y[0] = __floats2half2_rn(c[0], c[1]), y[1] = __floats2half2_rn(c[2], c[3]);
    y[2] = __floats2half2_rn(c[4], c[5]), y[3] = __floats2half2_rn(c[6], c[7]);
  } else if (order == 2) {
    y[0] = __floats2half2_rn(c[0], c[2]), y[1] = __floats2half2_rn(c[1], c[3]);
    y[2] = __floats2half2_rn(c[4], c[6]), y[3] = __floats2half2_rn(c[5], c[7]);
  } else {
    y[0] = __floats2half2_rn(c[0], c[4]), y[1] = __floats2half2_rn(c[1], c[5]);
    y[2] = __floats2half2_rn(c[2], c[6]), y[3] = __floats2half2_rn(c[3], c[7]);
  }
  return make_uint4(bits(y[0]), bits(y[1]), bits(y[2]), bits(y[3]));
}
