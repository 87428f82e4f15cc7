// Normalisations of groups of columns: two reads of a group (the second from the cache), one write; floor: 8 bytes a
// number over the memory bandwidth.
#include "common.cuh"

// Numbers of a thread that stay in registers; of longer groups the rest is read again.
static const int HELD = 8;

// grid: (groups of a row, rows)
KERNEL(sotto_normalization_kernel, sotto_cuda_normalization, 1024) {
  wait_for_inputs();
  const int row = blockIdx.y, begin = blockIdx.x * a.group;
  const float *x = a.x.data + row * a.x.stride + begin, *g = a.gate.data + row * a.gate.stride + begin;
  float *y = a.y + (int64_t)row * a.columns + begin;
  const float *weight = a.weight ? a.weight + (a.per_column ? begin : 0) : nullptr;
  const float *bias = a.bias ? a.bias + (a.per_column ? begin : 0) : nullptr;
  const bool is_gated = a.kind == SOTTO_CUDA_GATE_FIRST || a.kind == SOTTO_CUDA_GATE_LAST;
  float held[HELD], gates[HELD];
#pragma unroll
  for (int k = 0; k < HELD; k++) {
    int i = threadIdx.x + k * blockDim.x;
    held[k] = i < a.group ? x[i] : 0.0f;
    gates[k] = is_gated && i < a.group ? g[i] : 0.0f;
  }
  const int rest = threadIdx.x + HELD * blockDim.x;
  float mean = 0;
  if (a.kind == SOTTO_CUDA_LAYER_NORM) {
    float sum = 0;
#pragma unroll
    for (int k = 0; k < HELD; k++) sum += held[k];
    for (int i = rest; i < a.group; i += blockDim.x) sum += x[i];
    mean = block_sum(sum) / (float)a.group;
  }
  float squares = 0;
#pragma unroll
  for (int k = 0; k < HELD; k++) {
    bool is_here = threadIdx.x + k * blockDim.x < a.group;
    float silu = is_gated ? gates[k] * sigmoid(gates[k]) : 1.0f;
    held[k] = a.kind == SOTTO_CUDA_GATE_FIRST ? held[k] * silu : held[k] - mean;
    gates[k] = a.kind == SOTTO_CUDA_GATE_LAST ? silu : 1.0f;
    if (is_here) squares += held[k] * held[k];
  }
  for (int i = rest; i < a.group; i += blockDim.x) {
    float v = x[i] - mean;
    if (a.kind == SOTTO_CUDA_GATE_FIRST) v *= g[i] * sigmoid(g[i]);
    squares += v * v;
  }
  const float factor = a.factor / sqrtf(block_sum(squares) / (float)a.group + a.epsilon);
#pragma unroll
  for (int k = 0; k < HELD; k++) {
    int i = threadIdx.x + k * blockDim.x;
    if (i >= a.group) break;
    float v = held[k] * factor;
    if (weight) v *= weight[i] + a.offset;
    v *= gates[k];
    y[i] = bias ? v + bias[i] : v;
  }
  for (int i = rest; i < a.group; i += blockDim.x) {
    float v = (x[i] - mean) * factor;
    if (a.kind == SOTTO_CUDA_GATE_FIRST) v *= g[i] * sigmoid(g[i]);
    if (weight) v *= weight[i] + a.offset;
    if (a.kind == SOTTO_CUDA_GATE_LAST) v *= g[i] * sigmoid(g[i]);
    y[i] = bias ? v + bias[i] : v;
  }
}

// Each row rounded to 255 levels, as BitNet's activations are: round(x * s) / s with s = 127 / the largest magnitude. Bytes: two
// reads of a row (the second from the cache), one write; floor: 8 bytes a number over the memory bandwidth. grid: (1, rows)
KERNEL(sotto_round_rows_kernel, sotto_cuda_normalization, 256) {
  __shared__ float parts[32];
  wait_for_inputs();
  const float *x = a.x.data + blockIdx.y * a.x.stride;
  float *y = a.y + (int64_t)blockIdx.y * a.columns, top = 1e-5f;
  for (int i = threadIdx.x; i < a.columns; i += blockDim.x) top = fmaxf(top, fabsf(x[i]));
  top = warp_max(top);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = top;
  __syncthreads();
  const float scale = 127.0f / warp_max(threadIdx.x % 32 < blockDim.x / 32 ? parts[threadIdx.x % 32] : 0.0f);
  for (int i = threadIdx.x; i < a.columns; i += blockDim.x) y[i] = rintf(x[i] * scale) / scale;
}
