// Pages of float16 keys and values on tensor cores (mma.sync m16n8k16, float16 operands, float32 sums), with an online
// softmax. The pages' layout (see attention.cu) gives keys and values as the second operand by transposing loads.
#pragma once
#include "common.cuh"

static const int PAGE = 64;

static __device__ __forceinline__ void copy16(void *to, const void *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(to)), "l"(from) : "memory");
}
static __device__ __forceinline__ void load_transposed(uint32_t r[4], const void *p) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(p)));
}
static __device__ __forceinline__ void multiply(float c[4], const uint32_t x[4], uint32_t w0, uint32_t w1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(w0), "r"(w1));
}
static __device__ __forceinline__ uint32_t packed(float a, float b) {
  __half2 both = __floats2half2_rn(fmaxf(fminf(a, 65504.0f), -65504.0f), fmaxf(fminf(b, 65504.0f), -65504.0f));
  return *(uint32_t *)&both;
}

// Copies the keys and values of a head's page to shared memory; chunks of 16 bytes are permuted within a row, so that
// transposing loads have no bank conflicts.
template <int SIZE, int THREADS>
static __device__ __forceinline__ void fetch(uint8_t *to, const uint8_t *from, int thread) {
  const int KEY_CHUNKS = PAGE * SIZE / 8, ROW_CHUNKS = SIZE / 8;
  for (int i = thread; i < KEY_CHUNKS; i += THREADS) {
    // Two chunks for each column of a group of 16 positions.
    copy16(to + (i ^ (i >> 3 & 1)) * 16, from + i * 16);
    int row = i / ROW_CHUNKS, chunk = i % ROW_CHUNKS;
    copy16(to + (KEY_CHUNKS + row * ROW_CHUNKS + (chunk ^ row % 8)) * 16, from + (KEY_CHUNKS + i) * 16);
  }
  asm volatile("cp.async.commit_group;");
}
static __device__ __forceinline__ __half to_half(float x) {
  return __float2half_rn(fmaxf(fminf(x, 65504.0f), -65504.0f));
}

// Keys and values of a page in shared memory, for one warp's 16 pairs of a row and a head (see mma.sync for what a lane has):
// adds to the weighted values, the largest scores (in powers of two) and the totals. `score(i, at, x)` is that of pair i of
// the lane's one or two at position `at` of the page; of a tile with only eight pairs, the other numbers are undefined.
template <int SIZE, int LANE_PAIRS, typename Score>
static __device__ __forceinline__ void attend_page(const uint8_t *here, const uint32_t (&query)[SIZE / 16][4],
                                                   float (&sums)[SIZE / 8][4], float (&tops)[LANE_PAIRS],
                                                   float (&totals)[LANE_PAIRS], Score score) {
  const int STEPS = SIZE / 16, lane = threadIdx.x % 32;
  float scores[8][4] = {};
#pragma unroll
  for (int k = 0; k < STEPS; k++)
#pragma unroll
    for (int g = 0; g < 4; g++) {
      uint32_t keys[4];
      int chunk = (g * SIZE + 16 * k + lane / 8 % 2 * 8 + lane % 8) * 2 + lane / 16;
      load_transposed(keys, here + (chunk ^ (chunk >> 3 & 1)) * 16);
      multiply(scores[2 * g], query[k], keys[0], keys[1]);
      multiply(scores[2 * g + 1], query[k], keys[2], keys[3]);
    }
#pragma unroll
  for (int i = 0; i < LANE_PAIRS; i++) {
    float top = tops[i];
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
      for (int c = 0; c < 2; c++) {
        const float x = score(i, 8 * n + lane % 4 * 2 + c, scores[n][2 * i + c]);
        scores[n][2 * i + c] = x;
        top = fmaxf(top, x);
      }
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
    float base = top == -INFINITY ? 0.0f : top, factor = exp2f(tops[i] - base), total = 0;
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
      for (int c = 0; c < 2; c++) {
        float weight = exp2f(scores[n][2 * i + c] - base);
        scores[n][2 * i + c] = weight;
        total += weight;
      }
    tops[i] = top;
    totals[i] = totals[i] * factor + total;
#pragma unroll
    for (int n = 0; n < SIZE / 8; n++) sums[n][2 * i] *= factor, sums[n][2 * i + 1] *= factor;
  }
  const uint8_t *values = here + PAGE * SIZE * 2;
#pragma unroll
  for (int k = 0; k < 4; k++) {
    uint32_t weights[4] = {};
#pragma unroll
    for (int i = 0; i < LANE_PAIRS; i++) {
      weights[i] = packed(scores[2 * k][2 * i], scores[2 * k][2 * i + 1]);
      weights[i + 2] = packed(scores[2 * k + 1][2 * i], scores[2 * k + 1][2 * i + 1]);
    }
#pragma unroll
    for (int n = 0; n < SIZE / 16; n++) {
      uint32_t parts[4];
      int at = 16 * k + lane / 8 % 2 * 8 + lane % 8, chunk = 2 * n + lane / 16;
      load_transposed(parts, values + (at * (SIZE / 8) + (chunk ^ at % 8)) * 16);
      multiply(sums[2 * n], weights, parts[0], parts[1]);
      multiply(sums[2 * n + 1], weights, parts[2], parts[3]);
    }
  }
}
