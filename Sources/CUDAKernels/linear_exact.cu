// Products of many rows with a matrix of any format, in float32: tiles of 64 rows and 64 outputs, 4 by 4 a thread.
//
// Operations: 2 * rows * outputs * columns; floor: those over the float32 rate (67 TFLOP/s on an H100). For `exact`
// only; the weights are decoded once for every 64 rows.
#include "products.cuh"

// grid: (tiles of outputs of all layers, tiles of rows)
KERNEL(sotto_linear_exact_kernel, sotto_cuda_linear, 256) {
  const int SIZE = 64, DEPTH = 32, PITCH = SIZE + 4;
  __shared__ float xs[DEPTH][PITCH], ws[DEPTH][PITCH];
  wait_for_inputs();
  int tile = blockIdx.x;
  const sotto_cuda_layer &layer = a.layers[layer_of_tile(a, SIZE, &tile)];
  const sotto_cuda_matrix &m = layer.weight;
  Tile rows = tile_of(a, blockIdx.y, SIZE);
  if (rows.count <= 0) return;
  int outputs = min(SIZE, (int)m.rows - tile * SIZE);
  int line = threadIdx.x / 4, part = threadIdx.x % 4 * 8;
  Row weight = row_of(m, rows.matrix, tile * SIZE + min(line, outputs - 1));
  const float *x = input_of(a, rows.matrix, rows.first + min(line, rows.count - 1));
  int ty = threadIdx.x / 16 * 4, tx = threadIdx.x % 16 * 4;
  float sums[4][4] = {};
  for (int k = 0; k < m.columns; k += DEPTH) {
    float w[8] = {}, v[8];
    int column = k + part;
    if (column < m.columns) decode8(m, weight, column, w);
#pragma unroll
    for (int i = 0; i < 8; i++) v[i] = column + i < m.columns ? x[column + i] : 0.0f;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 8; i++) xs[part + i][line] = v[i], ws[part + i][line] = w[i];
    __syncthreads();
#pragma unroll 8
    for (int d = 0; d < DEPTH; d++) {
      float4 p = *(const float4 *)&xs[d][ty], q = *(const float4 *)&ws[d][tx];
      float ps[4] = {p.x, p.y, p.z, p.w}, qs[4] = {q.x, q.y, q.z, q.w};
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) sums[i][j] += ps[i] * qs[j];
    }
  }
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      if (ty + i < rows.count && tx + j < outputs)
        store_output(a, layer, rows.matrix, rows.first + ty + i, tile * SIZE + tx + j, sums[i][j]);
}
