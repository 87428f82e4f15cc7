// Products of many rows with a matrix on tensor cores: weights and inputs are rounded to bfloat16 on the way to shared
// memory, sums are float32 (mma.sync m16n8k16).
//
// Operations: 2 * rows * outputs * columns; floor: those over the bfloat16 rate (798 TFLOP/s measured on an H100), or the
// matrix's bytes over the memory bandwidth below about 300 rows.
#include "products.cuh"

static __device__ __forceinline__ void multiply(float c[4], const uint32_t x[4], uint32_t w0, uint32_t w1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(w0), "r"(w1));
}
static __device__ __forceinline__ uint4 rounded(const float w[8]) {
  uint4 y;
  uint32_t *words = (uint32_t *)&y;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    __nv_bfloat162 both = __floats2bfloat162_rn(w[2 * i], w[2 * i + 1]);
    words[i] = *(uint32_t *)&both;
  }
  return y;
}
static __device__ __forceinline__ void load_inputs(const float *x, int column, int columns, bool is_aligned, float v[8]) {
  if (is_aligned && column + 8 <= columns) {
    float4 p = ((const float4 *)(x + column))[0], q = ((const float4 *)(x + column))[1];
    v[0] = p.x, v[1] = p.y, v[2] = p.z, v[3] = p.w, v[4] = q.x, v[5] = q.y, v[6] = q.z, v[7] = q.w;
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; i++) v[i] = column + i < columns ? x[column + i] : 0.0f;
}

// ROWS rows by 128 outputs, 32 columns a step; the next step's numbers are loaded while this one is multiplied.
// FORMAT -1 is any format.
template <int ROWS, int FORMAT>
static __device__ __forceinline__ void multiply_tile(const sotto_cuda_linear &a) {
  const int OUTPUTS = 128, DEPTH = 32, PITCH = 40, MATRICES = ROWS / 32;
  __shared__ __align__(16) __nv_bfloat16 xs[2][ROWS * PITCH], ws[2][OUTPUTS * PITCH];
  wait_for_inputs();
  int tile = blockIdx.x;
  const sotto_cuda_layer &layer = a.layers[layer_of_tile(a, OUTPUTS, &tile)];
  const sotto_cuda_matrix &m = layer.weight;
  Tile rows = tile_of(a, blockIdx.y, ROWS);
  if (rows.count <= 0) return;
  const int outputs = min(OUTPUTS, (int)m.rows - tile * OUTPUTS), columns = (int)m.columns;
  // Two threads load a line of weights, 16 columns each; 256 / ROWS threads a line of inputs.
  const int line = threadIdx.x / 2, part = threadIdx.x % 2 * 16;
  const int PARTS = 256 / ROWS, WIDTH = DEPTH / PARTS;
  const int x_line = threadIdx.x / PARTS, x_part = threadIdx.x % PARTS * WIDTH;
  const Row weight = row_of(m, rows.matrix, tile * OUTPUTS + min(line, outputs - 1));
  const float *x = input_of(a, rows.matrix, rows.first + min(x_line, rows.count - 1));
  const bool is_aligned = ((uint64_t)x & 15) == 0;

  uint4 w_next[2], x_next[WIDTH / 8];
  auto load = [&](int k) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      float w[8] = {};
      int column = k + part + 8 * i;
      if (column < columns) {
        if constexpr (FORMAT >= 0)
          decode8_as<FORMAT < 0 ? 0 : FORMAT>(m, weight, column, w);
        else
          decode8(m, weight, column, w);
      }
      w_next[i] = rounded(w);
    }
#pragma unroll
    for (int i = 0; i < WIDTH / 8; i++) {
      float v[8];
      load_inputs(x, k + x_part + 8 * i, columns, is_aligned, v);
      x_next[i] = rounded(v);
    }
  };
  auto store = [&](int buffer) {
#pragma unroll
    for (int i = 0; i < 2; i++) *(uint4 *)&ws[buffer][line * PITCH + part + 8 * i] = w_next[i];
#pragma unroll
    for (int i = 0; i < WIDTH / 8; i++) *(uint4 *)&xs[buffer][x_line * PITCH + x_part + 8 * i] = x_next[i];
  };

  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, top = warp / 4 * (ROWS / 2), left = warp % 4 * 32;
  float sums[MATRICES][4][4] = {};
  load(0);
  store(0);
  __syncthreads();
  for (int k = 0, buffer = 0; k < columns; k += DEPTH, buffer ^= 1) {
    bool has_next = k + DEPTH < columns;
    if (has_next) load(k + DEPTH);
#pragma unroll
    for (int depth = 0; depth < DEPTH; depth += 16) {
      uint32_t x_parts[MATRICES][4], w_parts[2][4];
#pragma unroll
      for (int i = 0; i < MATRICES; i++)
        load_matrices(x_parts[i], &xs[buffer][(top + 16 * i + lane % 16) * PITCH + depth + lane / 16 * 8]);
#pragma unroll
      for (int j = 0; j < 2; j++)
        load_matrices(w_parts[j], &ws[buffer][(left + 16 * j + lane % 8 + lane / 16 * 8) * PITCH + depth +
                                              lane / 8 % 2 * 8]);
#pragma unroll
      for (int i = 0; i < MATRICES; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) multiply(sums[i][j], x_parts[i], w_parts[j / 2][j % 2 * 2], w_parts[j / 2][j % 2 * 2 + 1]);
    }
    if (has_next) store(buffer ^ 1);
    __syncthreads();
  }
  store_tile(a, layer, rows, tile * OUTPUTS, outputs, top, left, sums);
}

// grid: (tiles of outputs of all layers, tiles of rows)
#define TILE_KERNELS(name, format)                                                                        \
  KERNEL(sotto_linear_64_##name, sotto_cuda_linear, 256) { multiply_tile<64, format>(a); }                \
  KERNEL(sotto_linear_128_##name, sotto_cuda_linear, 256) { multiply_tile<128, format>(a); }
TILE_KERNELS(any, -1)
TILE_KERNELS(bf16, SOTTO_CUDA_BF16)
TILE_KERNELS(f16, SOTTO_CUDA_F16)
