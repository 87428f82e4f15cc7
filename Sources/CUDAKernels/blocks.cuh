// Blocks of 32 columns of a row in 4, 6 or 8 bits, expanded to float16 by masks and float16 arithmetic.
#pragma once
#include "halves.cuh"

// A block of 32 columns of a row: loaded first, in words of 16 bytes, and expanded later, eight columns at a time. The order
// of the columns in a result is that of `ORDER`: columns k and k + ORDER share a register.
template <int FORMAT>
struct Block;

static __device__ __forceinline__ uint32_t word(const uint4 &x, int i) {
  return i == 0 ? x.x : i == 1 ? x.y : i == 2 ? x.z : x.w;
}

template <>
struct Block<SOTTO_CUDA_FOURS> {
  static const int ORDER = 4;
  uint4 w;
  uint8_t scale;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    w = *(const uint4 *)(r.values + column / 2);
    scale = r.scales[column / 32];
  }
  // A number's bits are those of a float16 that is 2^14 times smaller. The scale is limited also where there are no weights.
  __device__ uint4 expanded(int part) const {
    const __half2 factor = twice(half_of_e8m0(scale) * 32768.0f);
    uint32_t y[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t v = word(w, part) >> (4 * i);
      y[i] = bits(__hmul2(halves((v << 9 & 0x0e000e00u) | (v << 12 & 0x80008000u)), factor));
    }
    return make_uint4(y[0], y[1], y[2], y[3]);
  }
};

template <>
struct Block<SOTTO_CUDA_BYTES> {
  static const int ORDER = 1;
  uint4 w[2];
  uint16_t scale;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    w[0] = ((const uint4 *)(r.values + column))[0];
    w[1] = ((const uint4 *)(r.values + column))[1];
    scale = *(const uint16_t *)(r.scales + column / 32 * 2);
  }
  __device__ uint4 expanded(int part) const {
    const __half2 factor = __half2half2(__ushort_as_half(scale)), offset = twice(1152);
    uint32_t y[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t v = word(w[part / 2], part % 2 * 2 + i / 2) ^ 0x80808080u;
      y[i] = bits(__hmul2(__hsub2(halves(__byte_perm(v, 0x64646464u, i % 2 ? 0x4342 : 0x4140)), offset), factor));
    }
    return make_uint4(y[0], y[1], y[2], y[3]);
  }
};

// Four bytes in each of two words as numbers below 64, in the order 0, 2, 1, 3.
static __device__ __forceinline__ uint4 scaled(uint32_t a, uint32_t b, float offset, float scale, float minimum) {
  const __half2 less = twice(1024 + offset), factor = twice(scale), low = twice(minimum);
  uint32_t y[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    uint32_t v = (i < 2 ? a : b) >> (i % 2 * 8) & 0x003f003fu;
    y[i] = bits(__hfma2(__hsub2(whole(v), less), factor, low));
  }
  return make_uint4(y[0], y[1], y[2], y[3]);
}

template <>
struct Block<SOTTO_CUDA_SUPERFOURS> {
  static const int ORDER = 2;
  uint4 w;
  uint16_t scales;
  uint32_t factors;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    w = *(const uint4 *)(r.values + column / 2);
    scales = *(const uint16_t *)(r.scales + column / 32 * 2);
    factors = *(const uint32_t *)(r.biases + column / 256 * 4);
  }
  __device__ uint4 expanded(int part) const {
    float2 both = __half22float2(halves(factors));
    const uint32_t half = part / 2 * 4;
    const uint32_t a = word(w, part % 2 * 2), b = word(w, part % 2 * 2 + 1);
    return scaled(a >> half & 0x0f0f0f0fu, b >> half & 0x0f0f0f0fu, 0, both.x * (float)(scales & 255),
                  -both.y * (float)(scales >> 8));
  }
};

template <>
struct Block<SOTTO_CUDA_SIXES> {
  static const int ORDER = 2;
  uint4 low[2], high[2];
  float scale[2];
  int quarter;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    const uint8_t *p = r.values + (int64_t)(column / 256) * 192, *scales = r.scales + (int64_t)(column / 256) * 18;
    const int index = column % 256 / 32, half = index / 4;
    quarter = index % 4;
    const float d = half_at(scales + 16);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      low[i] = ((const uint4 *)(p + half * 64 + quarter % 2 * 32))[i];
      high[i] = ((const uint4 *)(p + 128 + half * 32))[i];
      scale[i] = d * (float)(int8_t)scales[2 * index + i];
    }
  }
  __device__ uint4 expanded(int part) const {
    const int nibble = quarter / 2 * 4, pair = 2 * quarter, i = part / 2, first = part % 2 * 2;
    uint32_t a = (word(low[i], first) >> nibble & 0x0f0f0f0fu) | (word(high[i], first) >> pair & 0x03030303u) << 4;
    uint32_t b =
        (word(low[i], first + 1) >> nibble & 0x0f0f0f0fu) | (word(high[i], first + 1) >> pair & 0x03030303u) << 4;
    return scaled(a, b, 32, scale[i], 0);
  }
};

template <>
struct Block<SOTTO_CUDA_AFFINE4> {
  static const int ORDER = 4;
  uint4 w;
  float scale, bias;
  __device__ void load(const sotto_cuda_matrix &m, const Row &r, int column) {
    w = *(const uint4 *)(r.values + column / 2);
    int group = column / m.group;
    scale = float_at(r.scales, m.scale_type, group);
    bias = m.has_zero_points ? -(float)r.biases[group] * scale : float_at(r.biases, m.scale_type, group);
  }
  __device__ uint4 expanded(int part) const {
    const __half2 factor = twice(scale), low = twice(bias), less = twice(1024);
    uint32_t y[4];
#pragma unroll
    for (int i = 0; i < 4; i++)
      y[i] = bits(__hfma2(__hsub2(whole(word(w, part) >> (4 * i) & 0x000f000fu), less), factor, low));
    return make_uint4(y[0], y[1], y[2], y[3]);
  }
};
