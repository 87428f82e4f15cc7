// What a lane loads of a row's weights at a step in products of a few rows, and its product with a row of inputs in 8 bits.
#pragma once
#include "rounded_inputs.cuh"

static __device__ __forceinline__ int dot16(const uint4 &w, const uint4 &x, int sum) {
  sum = __dp4a((int)w.x, (int)x.x, sum);
  sum = __dp4a((int)w.y, (int)x.y, sum);
  sum = __dp4a((int)w.z, (int)x.z, sum);
  return __dp4a((int)w.w, (int)x.w, sum);
}

// A row of inputs from a lane's first column on.
struct LaneInputs {
  const int8_t *bytes;
  const float *scales, *sums;
  // Of a row of Inputs, from `column` on, a multiple of 16.
  __device__ __forceinline__ LaneInputs(const Inputs &x, int row, int column) {
    const int at = row * x.columns + column;
    bytes = x.bytes + at, scales = x.scales + at / 32, sums = x.sums + at / 16;
  }
  __device__ __forceinline__ uint4 word(int byte) const { return *(const uint4 *)(bytes + byte); }
};

// What a lane loads of a row's weights at a step of 32 * COLUMNS columns, and its product with a row of inputs: `begin` is
// the row from the lane's first column on, `first` that column in the order of the inputs. The addresses of a step differ by
// constants from those of the first. Scales stay as they are stored until they are needed, since a conversion waits for the
// load.
template <int FORMAT>
struct Piece;

// What products must know of a matrix beside its planes, in registers: a read of the arguments by an address takes as long as
// one of the memory.
struct NoFacts {
  __device__ __forceinline__ NoFacts() {}
  __device__ __forceinline__ NoFacts(const sotto_cuda_matrix &) {}
};
struct GroupFacts {
  int scale_type, has_zero_points, doublings;
  __device__ __forceinline__ GroupFacts() {}
  // Groups have 32, 64 or 128 columns.
  __device__ __forceinline__ GroupFacts(const sotto_cuda_matrix &m)
      : scale_type(m.scale_type), has_zero_points(m.has_zero_points), doublings(m.group / 64) {}
};

template <>
struct Piece<SOTTO_CUDA_BYTES> {
  typedef NoFacts Facts;
  static const int COLUMNS = 16;
  uint4 w;
  uint16_t scale;
  static __device__ __forceinline__ int first(int lane) { return COLUMNS * lane; }
  static __device__ __forceinline__ Row begin(const Facts &, const Row &r, int lane) {
    return {r.values + 16 * lane, r.scales + lane / 2 * 2, r.biases};
  }
  __device__ __forceinline__ void load(const Facts &, const Row &r, int step) {
    w = __ldcs((const uint4 *)(r.values + 512 * step));
    scale = *(const uint16_t *)(r.scales + 32 * step);
  }
  __device__ __forceinline__ float dot(const Facts &, const LaneInputs &x, int step) const {
    const float factor = __half2float(__ushort_as_half(scale)) * x.scales[16 * step];
    return (float)dot16(w, x.word(512 * step), 0) * factor;
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
  typedef NoFacts Facts;
  static const int COLUMNS = 32;
  uint4 w;
  uint8_t scale;
  static __device__ __forceinline__ int first(int lane) { return COLUMNS * lane; }
  static __device__ __forceinline__ Row begin(const Facts &, const Row &r, int lane) {
    return {r.values + 16 * lane, r.scales + lane, r.biases};
  }
  __device__ __forceinline__ void load(const Facts &, const Row &r, int step) {
    w = __ldcs((const uint4 *)(r.values + 512 * step));
    scale = r.scales[32 * step];
  }
  __device__ __forceinline__ float dot(const Facts &, const LaneInputs &x, int step) const {
    const uint4 low = x.word(1024 * step), high = x.word(1024 * step + 16);
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
    return (float)(positive - negative) * (half_of_limited(scale) * x.scales[32 * step]);
  }
};

template <>
struct Piece<SOTTO_CUDA_SUPERFOURS> {
  typedef NoFacts Facts;
  static const int COLUMNS = 32;
  uint4 w;
  uint32_t factors;
  uint16_t scales;
  static __device__ __forceinline__ int first(int lane) { return COLUMNS * lane; }
  static __device__ __forceinline__ Row begin(const Facts &, const Row &r, int lane) {
    return {r.values + 16 * lane, r.scales + 2 * lane, r.biases + lane / 8 * 4};
  }
  __device__ __forceinline__ void load(const Facts &, const Row &r, int step) {
    w = __ldcs((const uint4 *)(r.values + 512 * step));
    scales = *(const uint16_t *)(r.scales + 64 * step);
    factors = *(const uint32_t *)(r.biases + 16 * step);
  }
  __device__ __forceinline__ float dot(const Facts &, const LaneInputs &x, int step) const {
    const uint4 low = {w.x & 0x0f0f0f0fu, w.y & 0x0f0f0f0fu, w.z & 0x0f0f0f0fu, w.w & 0x0f0f0f0fu};
    const uint4 high = {w.x >> 4 & 0x0f0f0f0fu, w.y >> 4 & 0x0f0f0f0fu, w.z >> 4 & 0x0f0f0f0fu, w.w >> 4 & 0x0f0f0f0fu};
    const int sum = dot16(high, x.word(1024 * step + 16), dot16(low, x.word(1024 * step), 0));
    const float2 both = __half22float2(*(const __half2 *)&factors), sums = *(const float2 *)(x.sums + 64 * step);
    return (float)sum * (both.x * (float)(scales & 255) * x.scales[32 * step]) -
           both.y * (float)(scales >> 8) * (sums.x + sums.y);
  }
};

template <>
struct Piece<SOTTO_CUDA_AFFINE4> {
  typedef GroupFacts Facts;
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
  static __device__ __forceinline__ int first(int lane) { return COLUMNS * lane; }
  static __device__ __forceinline__ Row begin(const Facts &m, const Row &r, int lane) {
    const int group = lane >> m.doublings, size = m.scale_type == SOTTO_CUDA_F32 ? 4 : 2;
    return {r.values + 16 * lane, r.scales + group * size, r.biases + group * (m.has_zero_points ? 1 : size)};
  }
  __device__ __forceinline__ void load(const Facts &m, const Row &r, int step) {
    w = __ldcs((const uint4 *)(r.values + 512 * step));
    const int group = 32 * step >> m.doublings;
    scale = stored(r.scales, m.scale_type, group);
    bias = m.has_zero_points ? r.biases[group] : stored(r.biases, m.scale_type, group);
  }
  __device__ __forceinline__ float dot(const Facts &m, const LaneInputs &x, int step) const {
    int sum = 0;
    const uint4 low = x.word(1024 * step), high = x.word(1024 * step + 16);
    const uint32_t inputs[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
    const uint32_t words[4] = {w.x, w.y, w.z, w.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t even = words[i] & 0x0f0f0f0fu, odd = words[i] >> 4 & 0x0f0f0f0fu;
      sum = __dp4a((int)__byte_perm(even, odd, 0x5140), (int)inputs[2 * i], sum);
      sum = __dp4a((int)__byte_perm(even, odd, 0x7362), (int)inputs[2 * i + 1], sum);
    }
    const float factor = number(scale, m.scale_type);
    const float least = m.has_zero_points ? -(float)bias * factor : number(bias, m.scale_type);
    const float2 sums = *(const float2 *)(x.sums + 64 * step);
    return (float)sum * (factor * x.scales[32 * step]) + least * (sums.x + sums.y);
  }
};

// Eight lanes have a super-block of 256 columns: 16 bytes of nibbles each, and the upper bits of their 32 columns. `biases` of
// a lane's row is where the upper bits are.
template <>
struct Piece<SOTTO_CUDA_SIXES> {
  typedef NoFacts Facts;
  static const int COLUMNS = 32;
  uint4 w, upper;
  uint16_t factor;
  int8_t scale[2];
  // The part of the super-block: half of it, and quarter of that.
  static __device__ __forceinline__ int part() { return threadIdx.x % 8; }
  static __device__ __forceinline__ int scales_at() { return part() / 4 * 8 + part() % 4; }
  static __device__ __forceinline__ int first(int lane) { return lane / 8 * 256 + part() / 4 * 128 + part() % 4 * 16; }
  static __device__ __forceinline__ Row begin(const Facts &, const Row &r, int lane) {
    const uint8_t *p = r.values + lane / 8 * 192;
    return {p + 16 * part(), r.scales + lane / 8 * 18 + scales_at(), p + 128 + part() / 4 * 32 + part() % 2 * 16};
  }
  __device__ __forceinline__ void load(const Facts &, const Row &r, int step) {
    w = __ldcs((const uint4 *)(r.values + 768 * step));
    upper = *(const uint4 *)(r.biases + 768 * step);
    const uint8_t *scales = r.scales + 72 * step;
    factor = *(const uint16_t *)(scales + (16 - scales_at()));
    scale[0] = (int8_t)scales[0];
    scale[1] = (int8_t)scales[4];
  }
  __device__ __forceinline__ float dot(const Facts &, const LaneInputs &x, int step) const {
    const int shift = part() % 4 / 2 * 2;
    uint4 low, high;
    const uint32_t nibbles[4] = {w.x, w.y, w.z, w.w}, bits[4] = {upper.x, upper.y, upper.z, upper.w};
    uint32_t *lows = (uint32_t *)&low, *highs = (uint32_t *)&high;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t shifted = bits[i] >> shift;
      lows[i] = (nibbles[i] & 0x0f0f0f0fu) | (shifted & 0x03030303u) << 4;
      highs[i] = (nibbles[i] >> 4 & 0x0f0f0f0fu) | (shifted & 0x30303030u);
    }
    const float *scales = x.scales + 32 * step, *sums = x.sums + 64 * step;
    float a = (float)dot16(low, x.word(1024 * step), 0) * scales[0] - 32 * sums[0];
    float b = (float)dot16(high, x.word(1024 * step + 64), 0) * scales[2] - 32 * sums[4];
    const float d = __half2float(__ushort_as_half(factor));
    return a * (d * (float)scale[0]) + b * (d * (float)scale[1]);
  }
};
