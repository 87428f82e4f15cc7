// What a lane loads of a row's weights at a step in products of a few rows, and its product with a row of inputs in 8 bits.
#pragma once
#include "rounded_inputs.cuh"

static __device__ __forceinline__ int dot16(const uint4 &w, const uint4 &x, int sum) {
  sum = __dp4a((int)w.x, (int)x.x, sum);
  sum = __dp4a((int)w.y, (int)x.y, sum);
  sum = __dp4a((int)w.z, (int)x.z, sum);
  return __dp4a((int)w.w, (int)x.w, sum);
}

// What a lane loads of a row's weights at a step, and its product with a row of inputs. Scales stay as they are stored until
// they are needed, since a conversion waits for the load.
template <int FORMAT>
struct Piece;

template <>
struct Piece<SOTTO_CUDA_BYTES> {
  static const int COLUMNS = 16;
  uint4 w;
  uint16_t scale;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    w = __ldcs((const uint4 *)(r.values + column));
    scale = *(const uint16_t *)(r.scales + column / 32 * 2);
  }
  __device__ float dot(const sotto_cuda_matrix &, const Inputs &x, int row, int column) const {
    int at = row * x.columns + column;
    const float factor = __half2float(__ushort_as_half(scale)) * x.scales[at / 32];
    return (float)dot16(w, *(const uint4 *)(x.bytes + at), 0) * factor;
  }
};

// The magnitudes (of a table of eight) of the four lowest nibbles whose upper bit is not set, and zeros for the others: a
// selector with that bit repeats the sign of the byte, which is 0. __byte_perm leaves the bit out.
static __device__ __forceinline__ uint32_t magnitudes(uint32_t nibbles) {
  uint32_t y;
  asm("prmt.b32 %0, %1, %2, %3;" : "=r"(y) : "r"(0x03020100u), "r"(0x0c080604u), "r"(nibbles));
  return y;
}

template <>
struct Piece<SOTTO_CUDA_FOURS> {
  static const int COLUMNS = 32;
  uint4 w;
  uint8_t scale;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    w = __ldcs((const uint4 *)(r.values + column / 2));
    scale = r.scales[column / 32];
  }
  __device__ float dot(const sotto_cuda_matrix &, const Inputs &x, int row, int column) const {
    const int at = row * x.columns + column;
    const uint4 *p = (const uint4 *)(x.bytes + at);
    const uint4 low = p[0], high = p[1];
    const uint32_t inputs[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
    const uint32_t words[4] = {w.x, w.y, w.z, w.w};
    int positive = 0, negative = 0;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const uint32_t nibbles = words[i], flipped = nibbles ^ 0x88888888u;
      positive = __dp4a((int)magnitudes(nibbles), (int)inputs[2 * i], positive);
      negative = __dp4a((int)magnitudes(flipped), (int)inputs[2 * i], negative);
      positive = __dp4a((int)magnitudes(nibbles >> 16), (int)inputs[2 * i + 1], positive);
      negative = __dp4a((int)magnitudes(flipped >> 16), (int)inputs[2 * i + 1], negative);
    }
    return (float)(positive - negative) * (half_of_e8m0(scale) * x.scales[at / 32]);
  }
};

template <>
struct Piece<SOTTO_CUDA_Q4_K> {
  static const int COLUMNS = 32;
  uint4 w, head;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    const uint8_t *p = r.values + column / 256 * 144;
    w = __ldcs((const uint4 *)(p + 16 + column % 256 / 32 * 16));
    head = *(const uint4 *)p;
  }
  __device__ float dot(const sotto_cuda_matrix &, const Inputs &x, int row, int column) const {
    const int part = column % 256 / 32, chunk = part / 2;
    const float2 both = __half22float2(*(const __half2 *)&head.x);
    float scale[2], minimum[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const int index = 2 * chunk + i;
      uint32_t shift = index % 4 * 8, first = head.y >> shift, second = head.z >> shift, third = head.w >> shift;
      uint32_t s = index < 4 ? first & 63 : (third & 15) | (first >> 6 & 3) << 4;
      uint32_t m = index < 4 ? second & 63 : (third >> 4 & 15) | (second >> 6 & 3) << 4;
      scale[i] = both.x * (float)s;
      minimum[i] = both.y * (float)m;
    }
    const int at = row * x.columns + column / 256 * 256 + chunk * 64 + part % 2 * 16;
    const uint4 low = {w.x & 0x0f0f0f0fu, w.y & 0x0f0f0f0fu, w.z & 0x0f0f0f0fu, w.w & 0x0f0f0f0fu};
    const uint4 high = {w.x >> 4 & 0x0f0f0f0fu, w.y >> 4 & 0x0f0f0f0fu, w.z >> 4 & 0x0f0f0f0fu, w.w >> 4 & 0x0f0f0f0fu};
    float a = (float)dot16(low, *(const uint4 *)(x.bytes + at), 0) * (scale[0] * x.scales[at / 32]);
    float b = (float)dot16(high, *(const uint4 *)(x.bytes + at + 32), 0) * (scale[1] * x.scales[at / 32 + 1]);
    return a + b - (minimum[0] * x.sums[at / 16] + minimum[1] * x.sums[at / 16 + 2]);
  }
};

template <>
struct Piece<SOTTO_CUDA_AFFINE4> {
  static const int COLUMNS = 32;
  uint4 w;
  uint32_t scale, bias;
  static __device__ __forceinline__ uint32_t stored(const uint8_t *plane, int type, int i) {
    return type == SOTTO_CUDA_F32 ? ((const uint32_t *)plane)[i] : ((const uint16_t *)plane)[i];
  }
  static __device__ __forceinline__ float number(uint32_t bits, int type) {
    if (type == SOTTO_CUDA_F32) return __uint_as_float(bits);
    return type == SOTTO_CUDA_F16 ? __half2float(__ushort_as_half((uint16_t)bits)) : __uint_as_float(bits << 16);
  }
  __device__ void load(const sotto_cuda_matrix &m, const Row &r, int column) {
    w = __ldcs((const uint4 *)(r.values + column / 2));
    const int group = column / m.group;
    scale = stored(r.scales, m.scale_type, group);
    bias = m.has_zero_points ? r.biases[group] : stored(r.biases, m.scale_type, group);
  }
  __device__ float dot(const sotto_cuda_matrix &m, const Inputs &x, int row, int column) const {
    int at = row * x.columns + column, sum = 0;
    const uint32_t words[4] = {w.x, w.y, w.z, w.w};
    const uint32_t *inputs = (const uint32_t *)(x.bytes + at);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t even = words[i] & 0x0f0f0f0fu, odd = words[i] >> 4 & 0x0f0f0f0fu;
      sum = __dp4a((int)__byte_perm(even, odd, 0x5140), (int)inputs[2 * i], sum);
      sum = __dp4a((int)__byte_perm(even, odd, 0x7362), (int)inputs[2 * i + 1], sum);
    }
    const float factor = number(scale, m.scale_type), low = m.has_zero_points ? -(float)bias * factor : number(bias, m.scale_type);
    return (float)sum * (factor * x.scales[at / 32]) + low * (x.sums[at / 16] + x.sums[at / 16 + 1]);
  }
};

// Eight lanes have a super-block of 256 columns: 16 bytes of nibbles each, and the upper bits of their 32 columns.
template <>
struct Piece<SOTTO_CUDA_SIXES> {
  static const int COLUMNS = 32;
  uint4 w, upper;
  uint16_t factor;
  int8_t scale[2];
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    const uint8_t *p = r.values + column / 256 * 192, *scales = r.scales + column / 256 * 18;
    const int part = column % 256 / 32, half = part / 4, quarter = part % 4;
    w = __ldcs((const uint4 *)(p + part * 16));
    upper = *(const uint4 *)(p + 128 + half * 32 + quarter % 2 * 16);
    factor = *(const uint16_t *)(scales + 16);
    scale[0] = (int8_t)scales[half * 8 + quarter];
    scale[1] = (int8_t)scales[half * 8 + 4 + quarter];
  }
  __device__ float dot(const sotto_cuda_matrix &, const Inputs &x, int row, int column) const {
    const int part = column % 256 / 32, half = part / 4, quarter = part % 4, shift = quarter / 2 * 2;
    const int at = row * x.columns + column / 256 * 256 + half * 128 + quarter * 16;
    uint4 low, high;
    const uint32_t nibbles[4] = {w.x, w.y, w.z, w.w}, bits[4] = {upper.x, upper.y, upper.z, upper.w};
    uint32_t *lows = (uint32_t *)&low, *highs = (uint32_t *)&high;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t shifted = bits[i] >> shift;
      lows[i] = (nibbles[i] & 0x0f0f0f0fu) | (shifted & 0x03030303u) << 4;
      highs[i] = (nibbles[i] >> 4 & 0x0f0f0f0fu) | (shifted & 0x30303030u);
    }
    float a = (float)dot16(low, *(const uint4 *)(x.bytes + at), 0) * x.scales[at / 32] - 32 * x.sums[at / 16];
    float b = (float)dot16(high, *(const uint4 *)(x.bytes + at + 64), 0) * x.scales[at / 32 + 2] -
              32 * x.sums[at / 16 + 4];
    const float d = __half2float(__ushort_as_half(factor));
    return a * (d * (float)scale[0]) + b * (d * (float)scale[1]);
  }
};
