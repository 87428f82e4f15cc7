// Weights as the first operand of mma.sync m16n8k16: a unit of 64 columns of a row in two blocks of 32, of which each of four
// lanes has eight neighbouring columns of each block. What is expanded are whole numbers, exact in float16; a block's scale
// (and minimum) is applied to the sums. The order of the eight columns in four registers is ORDER: columns k and k + ORDER
// share one; the inputs have the same.
#pragma once
#include "halves.cuh"

template <int FORMAT>
struct Fragment;

// The blocks of a unit follow each other, except where a format says otherwise.
struct PlainUnit {
  static const bool HAS_SCALE = true, HAS_MINIMUM = false;
  static __device__ __forceinline__ int column(int unit, int block) { return 64 * unit + 32 * block; }
  __device__ float minimum(int) const { return 0; }
  // A factor of all sums.
  static __device__ __forceinline__ float factor() { return 1; }
};

template <>
struct Fragment<SOTTO_CUDA_BYTES> : PlainUnit {
  static const int ORDER = 1;
  uint2 w[2];
  uint32_t scales;
  __device__ __forceinline__ void load(const sotto_cuda_matrix &, const Row &r, int unit, int lane) {
#pragma unroll
    for (int b = 0; b < 2; b++) w[b] = *(const uint2 *)(r.values + 64 * unit + 32 * b + 8 * lane);
    scales = *(const uint32_t *)(r.scales + 4 * unit);
  }
  __device__ __forceinline__ void expand(int b, uint32_t y[4]) const {
    const __half2 offset = twice(1152);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t v = (i < 2 ? w[b].x : w[b].y) ^ 0x80808080u;
      y[i] = bits(__hsub2(halves(__byte_perm(v, 0x64646464u, i % 2 ? 0x4342 : 0x4140)), offset));
    }
  }
  __device__ float scale(int b) const { return b ? __high2float(halves(scales)) : __low2float(halves(scales)); }
};

template <>
struct Fragment<SOTTO_CUDA_FOURS> : PlainUnit {
  static const int ORDER = 2;
  uint32_t w[2];
  uint16_t scales;
  __device__ __forceinline__ void load(const sotto_cuda_matrix &, const Row &r, int unit, int lane) {
#pragma unroll
    for (int b = 0; b < 2; b++) w[b] = *(const uint32_t *)(r.values + 32 * unit + 16 * b + 4 * lane);
    scales = *(const uint16_t *)(r.scales + 2 * unit);
  }
  // A number's bits are those of a float16 that is 2^14 times smaller, of which the low byte is 0: the upper bytes of even and of
  // odd columns, and then the halves.
  __device__ __forceinline__ void expand(int b, uint32_t y[4]) const {
    const uint32_t v = w[b];
    const uint32_t even = (v << 1 & 0x0e0e0e0eu) | (v << 4 & 0x80808080u);
    const uint32_t odd = (v >> 3 & 0x0e0e0e0eu) | (v & 0x80808080u);
    y[0] = __byte_perm(even, 0, 0x1404), y[1] = __byte_perm(odd, 0, 0x1404);
    y[2] = __byte_perm(even, 0, 0x3424), y[3] = __byte_perm(odd, 0, 0x3424);
  }
  __device__ float scale(int b) const {
    return __uint_as_float(b ? ((uint32_t)scales & 0xff00u) << 15 : ((uint32_t)scales & 0xffu) << 23);
  }
  static __device__ __forceinline__ float factor() { return 16384; }
};

template <>
struct Fragment<SOTTO_CUDA_SUPERFOURS> : PlainUnit {
  static const int ORDER = 2;
  static const bool HAS_MINIMUM = true;
  uint2 w[2];
  uint32_t scales, factors;
  int shift;
  __device__ __forceinline__ void load(const sotto_cuda_matrix &, const Row &r, int unit, int lane) {
#pragma unroll
    for (int b = 0; b < 2; b++) w[b] = *(const uint2 *)(r.values + 32 * unit + 16 * b + 8 * (lane % 2));
    shift = lane / 2 * 4;
    scales = *(const uint32_t *)(r.scales + 4 * unit);
    factors = *(const uint32_t *)(r.biases + unit / 4 * 4);
  }
  __device__ __forceinline__ void expand(int b, uint32_t y[4]) const {
    const __half2 offset = twice(1024);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t v = (i < 2 ? w[b].x : w[b].y) >> (shift + i % 2 * 8) & 0x000f000fu;
      y[i] = bits(__hsub2(whole(v), offset));
    }
  }
  __device__ float scale(int b) const { return __low2float(halves(factors)) * (float)(scales >> (16 * b) & 255); }
  __device__ float minimum(int b) const { return -__high2float(halves(factors)) * (float)(scales >> (16 * b + 8) & 255); }
};

// The blocks of a unit are 64 columns apart, since they share bytes. Scales of 16 columns are applied in float16.
template <>
struct Fragment<SOTTO_CUDA_SIXES> : PlainUnit {
  static const int ORDER = 2;
  static __device__ __forceinline__ int column(int unit, int block) { return unit / 2 * 128 + unit % 2 * 32 + 64 * block; }
  uint2 low, high;
  int8_t scales[2];
  uint16_t d;
  int quarter;
  __device__ __forceinline__ void load(const sotto_cuda_matrix &, const Row &r, int unit, int lane) {
    const uint8_t *p = r.values + unit / 4 * 192, *s = r.scales + unit / 4 * 18;
    const int half = unit / 2 % 2;
    quarter = unit % 2;
    low = *(const uint2 *)(p + half * 64 + quarter * 32 + 8 * lane);
    high = *(const uint2 *)(p + 128 + half * 32 + 8 * lane);
    scales[0] = (int8_t)s[half * 8 + 2 * quarter + lane / 2];
    scales[1] = (int8_t)s[half * 8 + 2 * quarter + 4 + lane / 2];
    d = *(const uint16_t *)(s + 16);
  }
  __device__ __forceinline__ void expand(int b, uint32_t y[4]) const {
    const __half2 offset = twice(1056), factor = twice((float)scales[b]);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      uint32_t v = ((i ? low.y : low.x) >> (4 * b) & 0x0f0f0f0fu) |
                   ((i ? high.y : high.x) >> (2 * (quarter + 2 * b)) & 0x03030303u) << 4;
      y[2 * i] = bits(__hmul2(__hsub2(whole(v & 0x003f003fu), offset), factor));
      y[2 * i + 1] = bits(__hmul2(__hsub2(whole(v >> 8 & 0x003f003fu), offset), factor));
    }
  }
  __device__ float scale(int) const { return __half2float(__ushort_as_half(d)); }
};

template <>
struct Fragment<SOTTO_CUDA_AFFINE4> : PlainUnit {
  static const int ORDER = 4;
  static const bool HAS_MINIMUM = true;
  uint32_t w[2];
  float scales[2], minimums[2];
  __device__ __forceinline__ void load(const sotto_cuda_matrix &m, const Row &r, int unit, int lane) {
#pragma unroll
    for (int b = 0; b < 2; b++) {
      w[b] = *(const uint32_t *)(r.values + 32 * unit + 16 * b + 4 * lane);
      const int group = (64 * unit + 32 * b) / m.group;
      scales[b] = float_at(r.scales, m.scale_type, group);
      minimums[b] = m.has_zero_points ? -(float)r.biases[group] * scales[b] : float_at(r.biases, m.scale_type, group);
    }
  }
  __device__ __forceinline__ void expand(int b, uint32_t y[4]) const {
    const __half2 offset = twice(1024);
#pragma unroll
    for (int i = 0; i < 4; i++) y[i] = bits(__hsub2(whole(w[b] >> (4 * i) & 0x000f000fu), offset));
  }
  __device__ float scale(int b) const { return scales[b]; }
  __device__ float minimum(int b) const { return minimums[b]; }
};

// float16 or bfloat16; both operands have the weights' type.
struct WideFragment : PlainUnit {
  static const int ORDER = 1;
  static const bool HAS_SCALE = false;
  uint4 w[2];
  __device__ __forceinline__ void load(const sotto_cuda_matrix &, const Row &r, int unit, int lane) {
#pragma unroll
    for (int b = 0; b < 2; b++) w[b] = *(const uint4 *)(r.values + 128 * unit + 64 * b + 16 * lane);
  }
  __device__ __forceinline__ void expand(int b, uint32_t y[4]) const {
    y[0] = w[b].x, y[1] = w[b].y, y[2] = w[b].z, y[3] = w[b].w;
  }
  __device__ float scale(int) const { return 1; }
};
template <>
struct Fragment<SOTTO_CUDA_F16> : WideFragment {};
template <>
struct Fragment<SOTTO_CUDA_BF16> : WideFragment {};

// Sums of 16 outputs and eight rows, in the layout of mma.sync, plus the products of 16 columns.
template <int FORMAT>
static __device__ __forceinline__ void multiply(float c[4], const uint32_t w[4], uint32_t x0, uint32_t x1) {
  if constexpr (FORMAT == SOTTO_CUDA_BF16) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]), "r"(x0), "r"(x1));
  } else {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]), "r"(x0), "r"(x1));
  }
}

// Adds the products of block `b` of a unit of 16 outputs, of which a lane has two lines, with TILES times eight rows: `input(i)`
// is what the lane has of the inputs of tile i, `sum(i, c)` the sum of the block's inputs in the lane's row c of two.
template <int FORMAT, int TILES, typename Input, typename Sum>
static __device__ __forceinline__ void multiply_block(const Fragment<FORMAT> (&weights)[2], int b, float sums[TILES][4],
                                                      Input input, Sum sum) {
  typedef Fragment<FORMAT> Weights;
  uint32_t y[4], z[4];
  weights[0].expand(b, y);
  weights[1].expand(b, z);
  const uint32_t first[4] = {y[0], z[0], y[1], z[1]}, second[4] = {y[2], z[2], y[3], z[3]};
  // Two tiles at a time, whose products do not wait for each other.
  const int PAIR = TILES > 1 ? 2 : 1;
#pragma unroll
  for (int i = 0; i < TILES; i += PAIR) {
    uint4 v[PAIR];
#pragma unroll
    for (int k = 0; k < PAIR; k++) v[k] = input(i + k);
    if constexpr (!Weights::HAS_SCALE) {
#pragma unroll
      for (int k = 0; k < PAIR; k++) multiply<FORMAT>(sums[i + k], first, v[k].x, v[k].y);
#pragma unroll
      for (int k = 0; k < PAIR; k++) multiply<FORMAT>(sums[i + k], second, v[k].z, v[k].w);
    } else {
      const float upper = weights[0].scale(b), lower = weights[1].scale(b);
      float c[PAIR][4] = {};
#pragma unroll
      for (int k = 0; k < PAIR; k++) multiply<FORMAT>(c[k], first, v[k].x, v[k].y);
#pragma unroll
      for (int k = 0; k < PAIR; k++) multiply<FORMAT>(c[k], second, v[k].z, v[k].w);
#pragma unroll
      for (int k = 0; k < PAIR; k++) {
        float *const to = sums[i + k];
        to[0] += c[k][0] * upper, to[1] += c[k][1] * upper;
        to[2] += c[k][2] * lower, to[3] += c[k][3] * lower;
        if constexpr (Weights::HAS_MINIMUM) {
          const float p = sum(i + k, 0), q = sum(i + k, 1);
          const float above = weights[0].minimum(b), below = weights[1].minimum(b);
          to[0] += above * p, to[1] += above * q;
          to[2] += below * p, to[3] += below * q;
        }
      }
    }
  }
}
