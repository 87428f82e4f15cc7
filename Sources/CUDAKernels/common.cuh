// What all kernels share.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

#include "../CCUDA/include/arguments.h"

// Every kernel has one argument and waits for the kernels ahead of it in the stream before it reads or writes what they
// share; launches may overlap (programmatic dependent launch). Parameters never change, so they may be read earlier.
#define KERNEL(name, type, threads) \
  extern "C" __global__ void __launch_bounds__(threads) name(const __grid_constant__ type a)

//
// The next kernel may start once all blocks of this one have: its blocks then wait beside them.
static __device__ __forceinline__ void let_next_start() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
static __device__ __forceinline__ void wait_for_inputs() {
  let_next_start();
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// The next kernel starts when all blocks of this one have waited, so that it may read what the kernels ahead of this one have
// written before it waits itself.
static __device__ __forceinline__ void wait_and_let_next_start() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
  let_next_start();
}

static __device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
  for (int i = 16; i; i >>= 1) x += __shfl_xor_sync(~0u, x, i);
  return x;
}
static __device__ __forceinline__ float warp_max(float x) {
#pragma unroll
  for (int i = 16; i; i >>= 1) x = fmaxf(x, __shfl_xor_sync(~0u, x, i));
  return x;
}

// The sum over the block, in an order that follows from its size alone. All threads take part and get it.
static __device__ __forceinline__ float block_sum(float x) {
  __shared__ float parts[32];
  x = warp_sum(x);
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  float y = threadIdx.x % 32 < blockDim.x / 32 ? parts[threadIdx.x % 32] : 0;
  return warp_sum(y);
}

static __device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }
static __device__ __forceinline__ float softplus(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))); }

// An activation of one number.
static __device__ __forceinline__ float activate(int kind, float x) {
  switch (kind) {
    case SOTTO_CUDA_SILU: return x * sigmoid(x);
    case SOTTO_CUDA_GELU_TANH: return x * sigmoid(x * (1.5957691216057308f + 0.07135481282806353f * (x * x)));
    case SOTTO_CUDA_GELU: return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
    case SOTTO_CUDA_RELU: return fmaxf(x, 0.0f);
    case SOTTO_CUDA_RELU_SQUARED: x = fmaxf(x, 0.0f); return x * x;
    case SOTTO_CUDA_SIGMOID: return sigmoid(x);
    case SOTTO_CUDA_TANH: return tanhf(x);
    default: return x;
  }
}
// An activation of a gate, times the number that it gates; GPT-OSS clamps both.
static __device__ __forceinline__ float gate(int kind, float a, float b, float alpha, float limit) {
  if (kind != SOTTO_CUDA_CLAMPED_SWIGLU) return activate(kind, a) * b;
  a = fminf(a, limit);
  b = fmaxf(fminf(b, limit), -limit);
  return a * sigmoid(a * alpha) * (b + 1.0f);
}

// Eight columns of a row, whose first number may be anywhere.
static __device__ __forceinline__ void load8(const float *p, float v[8]) {
  if (((uint64_t)p & 15) == 0) {
    const float4 a = ((const float4 *)p)[0], b = ((const float4 *)p)[1];
    v[0] = a.x, v[1] = a.y, v[2] = a.z, v[3] = a.w, v[4] = b.x, v[5] = b.y, v[6] = b.z, v[7] = b.w;
  } else {
#pragma unroll
    for (int k = 0; k < 8; k++) v[k] = p[k];
  }
}

// How far the sequences of a repeated step are ahead of their recorded lengths.
static __device__ __forceinline__ int advance_of(const int32_t *advance) { return advance ? *advance : 0; }

// The sequence that a row belongs to.
template <typename Arguments>
static __device__ __forceinline__ int sequence_of(const Arguments &a, int row) {
  int i = 0;
  while (i + 1 < a.sequence_count && row >= a.sequences[i + 1].row) i++;
  return i;
}

static __device__ __forceinline__ uint32_t shared_address(const void *p) {
  return (uint32_t)__cvta_generic_to_shared(p);
}
