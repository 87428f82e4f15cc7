// Greedy sampling (see sampling_draw.cu for others): the largest logit of each row, the lowest id among equals, -1 if there is no number above -infinity.
//
// Bytes: the logits once; floor: 0.3 us for 200,000 of them.
#include "common.cuh"

static const int CHUNK = 2048;

// grid: (chunks, rows)
KERNEL(sotto_largest_kernel, sotto_cuda_sampling, 256) {
  __shared__ float tops[8];
  __shared__ int indices[8];
  wait_for_inputs();
  const float *x = a.logits.data + blockIdx.y * a.logits.stride;
  int first = blockIdx.x * CHUNK, last = min(first + CHUNK, a.count), best = -1;
  float top = -INFINITY;
  for (int i = first + threadIdx.x; i < last; i += 256)
    if (x[i] > top) top = x[i], best = i;
  for (int round = 0; round < 2; round++) {
#pragma unroll
    for (int step = 16; step; step >>= 1) {
      float other = __shfl_xor_sync(~0u, top, step);
      int index = __shfl_xor_sync(~0u, best, step);
      if (index >= 0 && (best < 0 || other > top || (other == top && index < best))) top = other, best = index;
    }
    if (round == 0) {
      if (threadIdx.x % 32 == 0) tops[threadIdx.x / 32] = top, indices[threadIdx.x / 32] = best;
      __syncthreads();
      best = threadIdx.x < 8 ? indices[threadIdx.x] : -1;
      top = threadIdx.x < 8 ? tops[threadIdx.x] : -INFINITY;
    }
  }
  if (threadIdx.x == 0) {
    float *chunk = a.chunks + ((int64_t)blockIdx.y * a.chunk_count + blockIdx.x) * 2;
    chunk[0] = top;
    chunk[1] = __int_as_float(best);
  }
}

// grid: (rows), one warp
KERNEL(sotto_greedy_kernel, sotto_cuda_sampling, 32) {
  wait_for_inputs();
  float top = -INFINITY;
  int best = -1;
  for (int i = threadIdx.x; i < a.chunk_count; i += 32) {
    const float *chunk = a.chunks + ((int64_t)blockIdx.x * a.chunk_count + i) * 2;
    int index = __float_as_int(chunk[1]);
    if (index >= 0 && (best < 0 || chunk[0] > top)) top = chunk[0], best = index;
  }
#pragma unroll
  for (int step = 16; step; step >>= 1) {
    float other = __shfl_xor_sync(~0u, top, step);
    int index = __shfl_xor_sync(~0u, best, step);
    if (index >= 0 && (best < 0 || other > top || (other == top && index < best))) top = other, best = index;
  }
  if (threadIdx.x == 0) a.ids[blockIdx.x] = best;
}
