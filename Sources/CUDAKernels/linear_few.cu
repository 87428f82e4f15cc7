// Products of a few rows with a matrix of any format, in float32: one warp for each output, eight columns a lane.
//
// Operations: 2 * rows * outputs * columns. Bytes: the matrix once. Floor: the matrix's bytes over the memory bandwidth.
#include "products.cuh"

template <int ROWS>
static __device__ __forceinline__ void few(const sotto_cuda_linear &a) {
  int tile = blockIdx.x, lane = threadIdx.x % 32;
  const sotto_cuda_layer &layer = a.layers[layer_of_tile(a, 4, &tile)];
  const sotto_cuda_matrix &m = layer.weight;
  int output = tile * 4 + threadIdx.x / 32;
  if (output >= m.rows) return;
  wait_for_inputs();
  int first = blockIdx.y * ROWS, matrix = blockIdx.z, rows = min(ROWS, a.tokens - first);
  if (a.selection == SOTTO_CUDA_ENTRIES) matrix = a.experts[first];
  Row weight = row_of(m, matrix, output);
  const float *x[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) x[r] = input_of(a, matrix, first + min(r, rows - 1));
  float sums[ROWS] = {};
  for (int column = lane * 8; column < m.columns; column += 256) {
    float w[8];
    decode8(m, weight, column, w);
    int count = min(8, (int)m.columns - column);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (r >= rows) break;
#pragma unroll
      for (int i = 0; i < 8; i++)
        if (i < count) sums[r] += w[i] * x[r][column + i];
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    float sum = warp_sum(sums[r]);
    if (lane == 0 && r < rows) store_output(a, layer, matrix, first + r, output, sum);
  }
}

// grid: (outputs / 4 of all layers, rows / ROWS or entries, matrices)
KERNEL(sotto_linear_one_kernel, sotto_cuda_linear, 128) { few<1>(a); }
KERNEL(sotto_linear_few_kernel, sotto_cuda_linear, 128) { few<8>(a); }
