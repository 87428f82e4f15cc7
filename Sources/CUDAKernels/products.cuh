// Where the rows and the matrix of a product are.
#pragma once
#include "formats.cuh"

static __device__ __forceinline__ void load_matrices(uint32_t r[4], const void *p) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(p)));
}

// The layer that an output tile belongs to; `tile` becomes the tile within the layer.
static __device__ __forceinline__ int layer_of_tile(const sotto_cuda_linear &a, int tile_rows, int *tile) {
  int i = 0;
  for (; i + 1 < a.layer_count; i++) {
    int tiles = (int)((a.layers[i].weight.rows + tile_rows - 1) / tile_rows);
    if (*tile < tiles) break;
    *tile -= tiles;
  }
  return i;
}

// Rows of a tile: places first ..< first + count of matrix `matrix`; count is 0 for a tile beyond the last.
struct Tile {
  int matrix, first, count;
};

static __device__ __forceinline__ Tile tile_of(const sotto_cuda_linear &a, int index, int rows) {
  if (a.selection == SOTTO_CUDA_APART) {
    int tiles = (a.tokens + rows - 1) / rows, first = index % tiles * rows;
    return {index / tiles, first, min(rows, a.tokens - first)};
  }
  if (a.selection != SOTTO_CUDA_SORTED) return {0, index * rows, min(rows, a.tokens - index * rows)};
  // Every thread finds the same matrix.
  int before = 0, start = a.starts[0];
  for (int m = 0; m < a.matrices; m++) {
    int end = a.starts[m + 1], tiles = (end - start + rows - 1) / rows;
    if (index < before + tiles) {
      int first = start + (index - before) * rows;
      return {m, first, min(rows, end - first)};
    }
    before += tiles;
    start = end;
  }
  return {0, 0, 0};
}

// The row of x for a place.
static __device__ __forceinline__ int input_row(const sotto_cuda_linear &a, int place) {
  if (a.selection == SOTTO_CUDA_SORTED && a.rows_per_entry) return a.order[place] / a.rows_per_entry;
  return a.selection == SOTTO_CUDA_ENTRIES ? place / a.rows_per_entry : place;
}
static __device__ __forceinline__ const float *input_of(const sotto_cuda_linear &a, int matrix, int place) {
  return a.x.data + input_row(a, place) * a.x.stride + (a.selection == SOTTO_CUDA_APART ? matrix * a.x_apart : 0);
}

// Stores output `output` of a layer for a place.
static __device__ __forceinline__ void store_output(const sotto_cuda_linear &a, const sotto_cuda_layer &layer,
                                                    int matrix, int place, int output, float value) {
  if (layer.bias) value += layer.bias[matrix * layer.weight.rows + output];
  int64_t column = layer.first + (a.splits_pairs ? output / 2 + output % 2 * (layer.weight.rows / 2) : output);
  if (a.residual.data) value += a.residual.data[place * a.residual.stride + column];
  a.y[place * a.y_stride + column + (a.selection == SOTTO_CUDA_APART ? matrix * a.y_apart : 0)] = value;
}

// Stores a warp's sums of 16 * MATRICES rows from `top` on by 32 outputs from `left` on, in the layout of mma.sync, of a
// tile whose first output is `first`.
template <int MATRICES>
static __device__ __forceinline__ void store_tile(const sotto_cuda_linear &a, const sotto_cuda_layer &layer,
                                                  const Tile &rows, int first, int outputs, int top, int left,
                                                  const float (&sums)[MATRICES][4][4]) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int i = 0; i < MATRICES; i++)
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int c = 0; c < 4; c++) {
        int row = top + 16 * i + lane / 4 + c / 2 * 8, output = left + 8 * j + lane % 4 * 2 + c % 2;
        if (row < rows.count && output < outputs)
          store_output(a, layer, rows.matrix, rows.first + row, first + output, sums[i][j][c]);
      }
}
