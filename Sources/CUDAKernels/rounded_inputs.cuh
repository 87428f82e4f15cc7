// Rows of inputs in shared memory in 8 bits: bytes, a scale for every 32 columns, and sums of 16 columns times the scale.
#pragma once
#include "products.cuh"

struct Inputs {
  int8_t *bytes;
  float *scales, *sums;
  int columns;

  // Memory of rows * columns * 11 / 8 bytes; columns: a multiple of 32.
  __device__ Inputs(void *memory, int rows, int columns) : bytes((int8_t *)memory), columns(columns) {
    // Pairs of sums are read together.
    sums = (float *)(bytes + rows * columns);
    scales = sums + rows * columns / 16;
  }

  // Parts of eight columns that a thread holds in registers on their way.
  template <int HELD>
  struct Parts {
    float v[HELD][8];
  };

  // The first parts of one row, or of rows `stride` apart.
  template <int HELD>
  __device__ __forceinline__ Parts<HELD> load(const float *x, int64_t stride, int rows) const {
    const int parts = columns / 8, all = rows * parts;
    Parts<HELD> held;
#pragma unroll
    for (int k = 0; k < HELD; k++) {
      const int i = threadIdx.x + k * blockDim.x;
      if (i < all) load8(x + (rows > 1 ? i / parts * stride + 8 * (i % parts) : 8 * i), held.v[k]);
    }
    return held;
  }

  // Stores one row by all threads of the block, of which the first parts and those of the norm's weight are held already;
  // normalised if the product does that. The caller synchronises.
  __device__ __forceinline__ void store_row(const float *x, const sotto_cuda_linear &a, Parts<1> &held,
                                            const Parts<1> &weights) {
    const int parts = columns / 8, threads = blockDim.x;
    float factor = 1;
    if (a.normalises) {
      float squares = 0;
      if (threadIdx.x < parts) {
#pragma unroll
        for (int k = 0; k < 8; k++) squares += held.v[0][k] * held.v[0][k];
      }
      for (int part = threadIdx.x + threads; part < parts; part += threads) {
        float v[8];
        load8(x + 8 * part, v);
#pragma unroll
        for (int k = 0; k < 8; k++) squares += v[k] * v[k];
      }
      factor = a.norm_factor / sqrtf(block_sum(squares) / (float)columns + a.epsilon);
    }
    for (int first = 0; first < parts; first += threads) {
      const int part = first + threadIdx.x;
      const bool is_here = part < parts;
      float v[8] = {}, w[8];
#pragma unroll
      for (int k = 0; k < 8; k++) v[k] = held.v[0][k], w[k] = weights.v[0][k];
      if (first > 0 && is_here) {
        load8(x + 8 * part, v);
        if (a.normalises && a.norm_weight) load8(a.norm_weight + 8 * part, w);
      }
      if (is_here && a.normalises) {
#pragma unroll
        for (int k = 0; k < 8; k++) v[k] *= factor * (a.norm_weight ? w[k] + a.offset : 1.0f);
      }
      round(0, part, v, is_here);
    }
  }

  // The same without the factor of the norm, which follows from the warps' sums of squares in `squares` and is applied to
  // the products: so threads don't wait for it.
  __device__ __forceinline__ void store_unscaled_row(const float *x, const sotto_cuda_linear &a, Parts<1> &held,
                                                     const Parts<1> &weights, float *squares) {
    const int parts = columns / 8, threads = blockDim.x, lane = threadIdx.x % 32;
    float sum = 0;
    // Warps without columns have nothing to do.
    for (int first = 0; first + (int)threadIdx.x - lane < parts; first += threads) {
      const int part = first + threadIdx.x;
      const bool is_here = part < parts;
      float v[8] = {}, w[8];
      if (first == 0) {
#pragma unroll
        for (int k = 0; k < 8; k++) v[k] = is_here ? held.v[0][k] : 0.0f, w[k] = weights.v[0][k];
      } else if (is_here) {
        load8(x + 8 * part, v);
        if (a.normalises && a.norm_weight) load8(a.norm_weight + 8 * part, w);
      }
      if (a.normalises) {
#pragma unroll
        for (int k = 0; k < 8; k++) {
          sum += v[k] * v[k];
          if (a.norm_weight) v[k] *= w[k] + a.offset;
        }
      }
      round(0, part, v, is_here);
    }
    if (!a.normalises) return;
    sum = warp_sum(sum);
    if (lane == 0) squares[threadIdx.x / 32] = sum;
  }

  // Stores rows without a norm, of which the first parts are held already. The caller synchronises.
  template <int HELD>
  __device__ __forceinline__ void store_rows(const float *x, int64_t stride, int rows, const Parts<HELD> &held) {
    const int parts = columns / 8, all = rows * parts, threads = blockDim.x;
#pragma unroll
    for (int k = 0; k < HELD; k++) {
      const int i = k * threads + threadIdx.x;
      if (k * threads < all) round(i / parts, i % parts, held.v[k], i < all);
    }
    for (int first = HELD * threads; first < all; first += threads) {
      const int i = first + threadIdx.x, row = i / parts, part = i % parts;
      float v[8] = {};
      if (i < all) load8(x + row * stride + 8 * part, v);
      round(row, part, v, i < all);
    }
  }

  // Stores eight columns; the four lanes of 32 columns do so together.
  __device__ __forceinline__ void round(int row, int part, const float v[8], bool is_here) {
    float top = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) top = fmaxf(top, fabsf(v[k]));
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
    float scale = top * (1.0f / 127), inverse = top > 0 ? 127.0f / top : 0.0f;
    int sum = 0;
    uint32_t words[2] = {0, 0};
#pragma unroll
    for (int k = 0; k < 8; k++) {
      int q = __float2int_rn(v[k] * inverse);
      sum += q;
      words[k / 4] |= (uint32_t)(q & 255) << (8 * (k % 4));
    }
    sum += __shfl_xor_sync(~0u, sum, 1);
    if (!is_here) return;
    *(uint2 *)(bytes + row * columns + 8 * part) = make_uint2(words[0], words[1]);
    if (part % 4 == 0) scales[(row * columns + 8 * part) / 32] = scale;
    if (part % 2 == 0) sums[(row * columns + 8 * part) / 16] = scale * (float)sum;
  }

  // The factor of each row's root mean square norm.
  template <int ROWS>
  __device__ void norms(const float *const *x, const sotto_cuda_linear &a, float factors[ROWS]) const {
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      float squares = 0;
#pragma unroll 4
      for (int i = threadIdx.x; i < columns; i += blockDim.x) squares += x[r][i] * x[r][i];
      factors[r] = a.norm_factor / sqrtf(block_sum(squares) / (float)columns + a.epsilon);
    }
  }

  // Up to ROWS rows, normalised if the product does that: eight columns a thread; four threads have a group of 32.
  template <int ROWS>
  __device__ void store(const float *const *x, int rows, const sotto_cuda_linear &a) {
    const int parts = columns / 8;
    float factors[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) factors[r] = 1;
    if (a.normalises) norms<ROWS>(x, a, factors);
    for (int first = 0; first < rows * parts; first += blockDim.x) {
      int i = first + threadIdx.x;
      bool is_here = i < rows * parts;
      int row = is_here ? i / parts : 0, part = is_here ? i % parts : 0;
      const float *p = x[0];
      float factor = factors[0];
#pragma unroll
      for (int r = 1; r < ROWS; r++)
        if (row == r) p = x[r], factor = factors[r];
      float v[8];
#pragma unroll
      for (int k = 0; k < 8; k++) {
        v[k] = p[8 * part + k];
        if (a.normalises) v[k] *= factor * (a.norm_weight ? a.norm_weight[8 * part + k] + a.offset : 1.0f);
      }
      round(row, part, v, is_here);
    }
  }
};
