// Normalisations of groups of columns: two reads of a group (the second from the cache), one write; floor: 8 bytes a
// number over the memory bandwidth.
#include "common.cuh"

// grid: (groups of a row, rows)
KERNEL(sotto_normalization_kernel, sotto_cuda_normalization, 256) {
  wait_for_inputs();
  int row = blockIdx.y, begin = blockIdx.x * a.group;
  const float *x = a.x.data + row * a.x.stride + begin, *g = a.gate.data + row * a.gate.stride + begin;
  float *y = a.y + (int64_t)row * a.columns + begin;
  const float *weight = a.weight ? a.weight + (a.per_column ? begin : 0) : nullptr;
  const float *bias = a.bias ? a.bias + (a.per_column ? begin : 0) : nullptr;
  float mean = 0;
  if (a.kind == SOTTO_CUDA_LAYER_NORM) {
    float sum = 0;
    for (int i = threadIdx.x; i < a.group; i += blockDim.x) sum += x[i];
    mean = block_sum(sum) / (float)a.group;
  }
  float squares = 0;
  for (int i = threadIdx.x; i < a.group; i += blockDim.x) {
    float v = x[i] - mean;
    if (a.kind == SOTTO_CUDA_GATE_FIRST) v *= g[i] * sigmoid(g[i]);
    squares += v * v;
  }
  float factor = 1.0f / sqrtf(block_sum(squares) / (float)a.group + a.epsilon);
  for (int i = threadIdx.x; i < a.group; i += blockDim.x) {
    float v = (x[i] - mean) * factor;
    if (a.kind == SOTTO_CUDA_GATE_FIRST) v *= g[i] * sigmoid(g[i]);
    if (weight) v *= weight[i] + a.offset;
    if (a.kind == SOTTO_CUDA_GATE_LAST) v *= g[i] * sigmoid(g[i]);
    if (bias) v += bias[i];
    y[i] = v;
  }
}
