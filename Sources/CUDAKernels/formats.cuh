// Decoders of the weight formats: eight columns of a row at a time, exactly as the host's decoders compute them
// (Sources/CKernels/matmul/decode_portable.c).
#pragma once
#include "common.cuh"

// The planes of one row.
struct Row {
  const uint8_t *values, *scales, *biases;
};

static __device__ __forceinline__ Row row_of(const sotto_cuda_matrix &m, int64_t matrix, int64_t row) {
  int64_t i = matrix * m.rows + row;
  return {m.values + i * m.value_bytes, m.scales + i * m.scale_bytes, m.biases + i * m.bias_bytes};
}

static __device__ __forceinline__ uint32_t load16(const uint8_t *p) { return p[0] | p[1] << 8; }
// Blocks of all formats have an even size where a half is read.
static __device__ __forceinline__ float half_at(const uint8_t *p) {
  return __half2float(__ushort_as_half(*(const unsigned short *)p));
}
static __device__ __forceinline__ float float_at(const uint8_t *plane, int type, int64_t i) {
  if (type == SOTTO_CUDA_F32) return ((const float *)plane)[i];
  unsigned short bits = ((const unsigned short *)plane)[i];
  return type == SOTTO_CUDA_F16 ? __half2float(__ushort_as_half(bits)) : __uint_as_float((uint32_t)bits << 16);
}
static __device__ __forceinline__ float half_of_e8m0(uint32_t x) {
  int doubled = min(max((int)x - 1, 127 - 60), 127 + 60);
  return __uint_as_float((uint32_t)doubled << 23);
}
// Of scales that were limited while they were loaded.
static __device__ __forceinline__ float half_of_limited(uint32_t x) { return __uint_as_float((x - 1) << 23); }
static __device__ __forceinline__ float float_from_e8m0(uint32_t x) {
  return __uint_as_float(x == 0 ? 0x00400000u : x == 255 ? 0x7fc00000u : x << 23);
}
static __device__ __forceinline__ float float_from_e4m3(uint32_t x) {
  uint32_t magnitude = x & 127;
  float value = __uint_as_float(magnitude << 20) * 0x1p120f;
  if (magnitude == 127) value = __uint_as_float(0x7fc00000u);
  return __uint_as_float(__float_as_uint(value) | (x & 128) << 24);
}
static __device__ __forceinline__ float half_of_ue4m3(uint32_t x) {
  return x == 127 ? 0.0f : __uint_as_float((x & 127) << 20) * 0x1p119f;
}
// 0, 1, 2, 3, 4, 6, 8, 12 and their negatives: twice the values of E2M1.
static __device__ __forceinline__ int doubled_e2m1(uint32_t x) {
  int magnitude = (int)(0xc8643210u >> (4 * (x & 7)) & 15);
  return x & 8 ? -magnitude : magnitude;
}
static __constant__ int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static __device__ __forceinline__ void packed_scales(const uint8_t *p, int i, int *scale, int *minimum) {
  if (i < 4) {
    *scale = p[i] & 63;
    *minimum = p[i + 4] & 63;
  } else {
    *scale = (p[i + 4] & 15) | (p[i - 4] >> 6 << 4);
    *minimum = (p[i + 4] >> 4) | (p[i] >> 6 << 4);
  }
}

// Columns column ..< column + 8 of a row; `column` is a multiple of 8. Zeros beyond the last column.
template <int FORMAT>
static __device__ __forceinline__ void decode8_as(const sotto_cuda_matrix &m, const Row &r, int column, float w[8]) {
  const int block = column / 32, within = column % 32;
  if constexpr (FORMAT == SOTTO_CUDA_F32 || FORMAT == SOTTO_CUDA_F16 || FORMAT == SOTTO_CUDA_BF16) {
    const int size = FORMAT == SOTTO_CUDA_F32 ? 4 : 2;
    const uint8_t *p = r.values + (int64_t)column * size;
    if (column + 8 <= m.columns && ((uint64_t)p & 15) == 0) {
      if (size == 4) {
        float4 a = ((const float4 *)p)[0], b = ((const float4 *)p)[1];
        w[0] = a.x, w[1] = a.y, w[2] = a.z, w[3] = a.w, w[4] = b.x, w[5] = b.y, w[6] = b.z, w[7] = b.w;
      } else {
        uint4 a = *(const uint4 *)p;
        uint32_t words[4] = {a.x, a.y, a.z, a.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
          if (FORMAT == SOTTO_CUDA_BF16) {
            w[2 * i] = __uint_as_float(words[i] << 16);
            w[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
          } else {
            float2 both = __half22float2(*(const __half2 *)&words[i]);
            w[2 * i] = both.x, w[2 * i + 1] = both.y;
          }
        }
      }
      return;
    }
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = column + i < m.columns ? float_at(r.values, FORMAT, column + i) : 0.0f;
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_Q4_0 || FORMAT == SOTTO_CUDA_Q4_1 || FORMAT == SOTTO_CUDA_Q5_0 ||
                FORMAT == SOTTO_CUDA_Q5_1) {
    const bool minimum = FORMAT == SOTTO_CUDA_Q4_1 || FORMAT == SOTTO_CUDA_Q5_1;
    const bool fifth = FORMAT == SOTTO_CUDA_Q5_0 || FORMAT == SOTTO_CUDA_Q5_1;
    const uint8_t *p = r.values + (int64_t)block * (18 + (minimum ? 2 : 0) + (fifth ? 4 : 0));
    float d = half_at(p), low = minimum ? half_at(p + 2) : 0.0f;
    p += minimum ? 4 : 2;
    uint32_t bits = fifth ? load16(p) | load16(p + 2) << 16 : 0;
    p += fifth ? 4 : 0;
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int q = p[within % 16 + i] >> (within / 16 * 4) & 15;
      if (fifth) q += (bits >> (within + i) & 1) * 16;
      if (!minimum) q -= fifth ? 16 : 8;
      w[i] = d * (float)q + low;
    }
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_Q8_0) {
    const uint8_t *p = r.values + (int64_t)block * 34;
    float d = half_at(p);
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)(int8_t)p[2 + within + i];
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_SUPERFOURS) {
    const uint8_t *p = r.values + 16 * (int64_t)block + within % 16, *both = r.biases + (int64_t)(column / 256) * 4;
    float scale = half_at(both) * (float)r.scales[2 * block];
    float minimum = half_at(both + 2) * (float)r.scales[2 * block + 1];
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = scale * (float)(p[i] >> (within / 16 * 4) & 15) - minimum;
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_BYTES) {
    float d = half_at(r.scales + 2 * block);
    uint2 both = *(const uint2 *)(r.values + column);
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)(int8_t)((i < 4 ? both.x : both.y) >> (8 * (i % 4)));
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_FOURS) {
    float d = half_of_limited(r.scales[block]);
    uint32_t nibbles = *(const uint32_t *)(r.values + column / 2);
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)doubled_e2m1(nibbles >> (4 * i) & 15);
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_BLOCKS) {
    const uint8_t *p = r.values + (int64_t)block * 40;
    float d = ((const float *)(p + 32))[within / 16];
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)(int8_t)p[within + i];
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_Q4_K || FORMAT == SOTTO_CUDA_Q5_K) {
    const bool fifth = FORMAT == SOTTO_CUDA_Q5_K;
    const uint8_t *p = r.values + (int64_t)(column / 256) * (fifth ? 176 : 144);
    const int index = block % 8;
    int scale, minimum;
    packed_scales(p + 4, index, &scale, &minimum);
    float d = half_at(p) * (float)scale, low = -half_at(p + 2) * (float)minimum;
    const uint8_t *nibbles = p + (fifth ? 48 : 16) + index / 2 * 32 + within;
    uint2 both = *(const uint2 *)nibbles;
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int q = (i < 4 ? both.x : both.y) >> (8 * (i % 4) + index % 2 * 4) & 15;
      if (fifth) q |= (p[16 + within + i] >> index & 1) << 4;
      w[i] = d * (float)q + low;
    }
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_Q6_K || FORMAT == SOTTO_CUDA_SIXES) {
    const bool is_split = FORMAT == SOTTO_CUDA_SIXES;
    const uint8_t *p = r.values + (int64_t)(column / 256) * (is_split ? 192 : 210);
    const uint8_t *scales = is_split ? r.scales + (int64_t)(column / 256) * 18 : p + 192;
    const int index = block % 8, half = index / 4, quarter = index % 4;
    const uint8_t *low = p + half * 64 + quarter % 2 * 32 + within, *high = p + 128 + half * 32 + within;
    float d = half_at(scales + 16) * (float)(int8_t)scales[2 * index + within / 16];
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int q = low[i] >> (quarter / 2 * 4) & 15;
      w[i] = d * (float)((q | (high[i] >> (2 * quarter) & 3) << 4) - 32);
    }
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_Q2_K) {
    const uint8_t *p = r.values + (int64_t)(column / 256) * 84;
    const int index = block % 8;
    const uint8_t *values = p + 16 + index / 4 * 32 + within;
    uint32_t packed = p[2 * index + within / 16];
    float d = half_at(p + 80) * (float)(packed & 15), low = -half_at(p + 82) * (float)(packed >> 4);
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)(values[i] >> (2 * (index % 4)) & 3) + low;
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_Q3_K) {
    const uint8_t *p = r.values + (int64_t)(column / 256) * 110;
    const int index = block % 8, at = 2 * index + within / 16;
    const uint8_t *low = p + 32 + index / 4 * 32 + within, *packed = p + 96;
    int scale = (packed[at % 8] >> (at / 8 * 4) & 15) | (packed[8 + at % 4] >> (at / 4 * 2) & 3) << 4;
    float d = half_at(p + 108) * (float)(scale - 32);
#pragma unroll
    for (int i = 0; i < 8; i++)
      w[i] = d * (float)((low[i] >> (2 * (index % 4)) & 3) - (p[within + i] >> index & 1 ? 0 : 4));
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_IQ4_NL) {
    const uint8_t *p = r.values + (int64_t)block * 18;
    float d = half_at(p);
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)iq4_values[p[2 + within % 16 + i] >> (within / 16 * 4) & 15];
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_IQ4_XS) {
    const uint8_t *p = r.values + (int64_t)(column / 256) * 136;
    const int index = block % 8;
    int scale = (p[4 + index / 2] >> (index % 2 * 4) & 15) | (load16(p + 2) >> (2 * index) & 3) << 4;
    float d = half_at(p) * (float)(scale - 32);
    p += 8 + 16 * index + within % 16;
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)iq4_values[p[i] >> (within / 16 * 4) & 15];
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_MXFP4) {
    const uint8_t *p = r.values + (int64_t)block * 17;
    float d = half_of_e8m0(*p);
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)doubled_e2m1(p[1 + within % 16 + i] >> (within / 16 * 4) & 15);
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_MXFP4_PLANAR || FORMAT == SOTTO_CUDA_NVFP4_PLANAR) {
    const uint8_t *p = r.values + (int64_t)column / 2;
    float d = FORMAT == SOTTO_CUDA_MXFP4_PLANAR ? half_of_e8m0(r.scales[block])
                                                : float_from_e4m3(r.scales[column / 16]) * 0.5f;
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)doubled_e2m1(p[i / 2] >> (i % 2 * 4) & 15);
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_NVFP4) {
    const uint8_t *p = r.values + (int64_t)(column / 64) * 36;
    const int at = column % 64;
    float d = half_of_ue4m3(p[at / 16]);
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = d * (float)doubled_e2m1(p[4 + at / 16 * 8 + i] >> (at / 8 % 2 * 4) & 15);
    return;
  }
  if constexpr (FORMAT == SOTTO_CUDA_FLOAT8) {
    int64_t group = column / m.group;
    float d = m.scale_type == SOTTO_CUDA_E8M0 ? float_from_e8m0(r.scales[group]) : ((const float *)r.scales)[group];
#pragma unroll
    for (int i = 0; i < 8; i++) w[i] = float_from_e4m3(r.values[column + i]) * d;
    return;
  }
  if constexpr (FORMAT >= SOTTO_CUDA_AFFINE1 && FORMAT <= SOTTO_CUDA_AFFINE8) {
    const int bits = FORMAT == SOTTO_CUDA_AFFINE8 ? 8 : FORMAT - SOTTO_CUDA_AFFINE1 + 1;
    int64_t group = column / m.group;
    float scale = float_at(r.scales, m.scale_type, group);
    float low = m.has_zero_points ? -(float)r.biases[group] * scale : float_at(r.biases, m.scale_type, group);
    // Eight columns are whole bytes. The centre of bytes is subtracted as on the host.
    if (bits == 8) low = low + 128 * scale;
    const uint8_t *p = r.values + (int64_t)column / 8 * bits;
    uint64_t packed = 0;
#pragma unroll
    for (int i = 0; i < bits; i++) packed |= (uint64_t)p[i] << (8 * i);
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int q = (int)(packed >> (bits * i) & ((1u << bits) - 1)) - (bits == 8 ? 128 : 0);
      w[i] = scale * (float)q + low;
    }
    return;
  }
}

#define SOTTO_EACH_FORMAT(F)                                                                                         \
  F(SOTTO_CUDA_F32) F(SOTTO_CUDA_F16) F(SOTTO_CUDA_BF16) F(SOTTO_CUDA_Q4_0) F(SOTTO_CUDA_Q4_1) F(SOTTO_CUDA_Q5_0)     \
  F(SOTTO_CUDA_Q5_1) F(SOTTO_CUDA_Q8_0) F(SOTTO_CUDA_Q4_K) F(SOTTO_CUDA_Q5_K) F(SOTTO_CUDA_Q6_K) F(SOTTO_CUDA_MXFP4) \
  F(SOTTO_CUDA_MXFP4_PLANAR) F(SOTTO_CUDA_Q2_K) F(SOTTO_CUDA_Q3_K) F(SOTTO_CUDA_IQ4_NL) F(SOTTO_CUDA_IQ4_XS)         \
  F(SOTTO_CUDA_NVFP4) F(SOTTO_CUDA_NVFP4_PLANAR) F(SOTTO_CUDA_FLOAT8) F(SOTTO_CUDA_AFFINE1) F(SOTTO_CUDA_AFFINE2)    \
  F(SOTTO_CUDA_AFFINE3) F(SOTTO_CUDA_AFFINE4) F(SOTTO_CUDA_AFFINE5) F(SOTTO_CUDA_AFFINE6) F(SOTTO_CUDA_AFFINE8)      \
  F(SOTTO_CUDA_BLOCKS) F(SOTTO_CUDA_BYTES) F(SOTTO_CUDA_FOURS) F(SOTTO_CUDA_SIXES) F(SOTTO_CUDA_SUPERFOURS)

static __device__ __forceinline__ void decode8(const sotto_cuda_matrix &m, const Row &r, int column, float w[8]) {
  switch (m.format) {
#define SOTTO_DECODE(format) \
  case format: decode8_as<format>(m, r, column, w); break;
    SOTTO_EACH_FORMAT(SOTTO_DECODE)
#undef SOTTO_DECODE
  }
}
