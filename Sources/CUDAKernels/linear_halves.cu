// Products of many rows with a matrix in 4, 6 or 8 bits on tensor cores: weights are expanded to float16 by masks and
// float16 arithmetic on the way to shared memory, inputs have been rounded to float16 before, sums are float32 (mma.sync
// m16n8k16).
//
// Operations: 2 * rows * outputs * columns; floor: those over the float16 rate (798 TFLOP/s measured on an H100), or the
// matrix's bytes over the memory bandwidth below about 100 rows.
#include "blocks.cuh"

// 16 bytes, or zeros.
static __device__ __forceinline__ void copy16(void *to, const void *from, bool is_here) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
               "r"(is_here ? 16 : 0));
}
static __device__ __forceinline__ void multiply(float c[4], const uint32_t x[4], uint32_t w0, uint32_t w1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(w0), "r"(w1));
}
// Inputs as float16, eight columns in the order of the weights, clamped to the range. grid: (columns / 1024, rows)
KERNEL(sotto_halves_kernel, sotto_cuda_halves, 128) {
  wait_for_inputs();
  int column = (blockIdx.x * 128 + threadIdx.x) * 8;
  if (column >= a.columns) return;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) {
    const float *x = a.x.data + row * a.x.stride + column;
    float v[8];
#pragma unroll
    for (int i = 0; i < 8; i++) v[i] = x[i];
    *(uint4 *)(a.y + ((int64_t)row * a.columns + column) * 2) = ordered_halves(v, a.order);
  }
}

// ROWS rows by 128 outputs, 64 columns a step. Weights of the next step are loaded into registers before this step is
// multiplied, and expanded after it. Dynamic shared memory: 2 * (ROWS + 128) * 144 bytes.
template <int ROWS, int FORMAT>
static __device__ __forceinline__ void multiply_tile(const sotto_cuda_linear &a) {
  const int OUTPUTS = 128, DEPTH = 64, PITCH = 72, MATRICES = ROWS / 32, CHUNKS = ROWS * 8 / 256;
  extern __shared__ __align__(16) __half memory[];
  auto xs = [&](int buffer) { return memory + buffer * ROWS * PITCH; };
  auto ws = [&](int buffer) { return memory + (2 * ROWS + buffer * OUTPUTS) * PITCH; };
  wait_for_inputs();
  int tile = blockIdx.x;
  const sotto_cuda_layer &layer = a.layers[layer_of_tile(a, OUTPUTS, &tile)];
  const sotto_cuda_matrix &m = layer.weight;
  const Tile rows = tile_of(a, blockIdx.y, ROWS);
  if (rows.count <= 0) return;
  const int outputs = min(OUTPUTS, (int)m.rows - tile * OUTPUTS), columns = (int)m.columns;
  const int line = threadIdx.x / 2, part = threadIdx.x % 2 * 32, x_line = threadIdx.x / 8, x_part = threadIdx.x % 8 * 8;
  const Row weight = row_of(m, rows.matrix, tile * OUTPUTS + min(line, outputs - 1));
  const __half *x[CHUNKS];
#pragma unroll
  for (int i = 0; i < CHUNKS; i++) {
    int place = rows.first + min(x_line + 32 * i, rows.count - 1);
    x[i] = (const __half *)a.halves + input_row(a, place) * (int64_t)columns + x_part;
  }
  // Columns are a multiple of 32: a thread's block exists or it doesn't.
  Block<FORMAT> next;
  auto load = [&](int k, int buffer) {
    if (k + part < columns) next.load(m, weight, k + part);
#pragma unroll
    for (int i = 0; i < CHUNKS; i++)
      copy16(xs(buffer) + (x_line + 32 * i) * PITCH + x_part, x[i] + k, k + x_part < columns);
    asm volatile("cp.async.commit_group;");
  };
  auto store = [&](int k, int buffer) {
#pragma unroll
    for (int i = 0; i < 4; i++)
      *(uint4 *)(ws(buffer) + line * PITCH + part + 8 * i) =
          k + part < columns ? next.expanded(i) : make_uint4(0, 0, 0, 0);
    asm volatile("cp.async.wait_group 0;");
  };
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, top = warp / 4 * (ROWS / 2), left = warp % 4 * 32;
  float sums[MATRICES][4][4] = {};
  load(0, 0);
  store(0, 0);
  __syncthreads();
  for (int k = 0, buffer = 0; k < columns; k += DEPTH, buffer ^= 1) {
    bool has_next = k + DEPTH < columns;
    if (has_next) load(k + DEPTH, buffer ^ 1);
#pragma unroll
    for (int depth = 0; depth < DEPTH; depth += 16) {
      uint32_t x_parts[MATRICES][4], w_parts[2][4];
#pragma unroll
      for (int i = 0; i < MATRICES; i++)
        load_matrices(x_parts[i], xs(buffer) + (top + 16 * i + lane % 16) * PITCH + depth + lane / 16 * 8);
#pragma unroll
      for (int j = 0; j < 2; j++)
        load_matrices(w_parts[j],
                      ws(buffer) + (left + 16 * j + lane % 8 + lane / 16 * 8) * PITCH + depth + lane / 8 % 2 * 8);
#pragma unroll
      for (int i = 0; i < MATRICES; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
          multiply(sums[i][j], x_parts[i], w_parts[j / 2][j % 2 * 2], w_parts[j / 2][j % 2 * 2 + 1]);
    }
    if (has_next) store(k + DEPTH, buffer ^ 1);
    __syncthreads();
  }
  store_tile(a, layer, rows, tile * OUTPUTS, outputs, top, left, sums);
}

// grid: (tiles of outputs of all layers, tiles of rows)
#define TILE_KERNELS(name, format)                                                         \
  KERNEL(sotto_linear_64_##name, sotto_cuda_linear, 256) { multiply_tile<64, format>(a); } \
  KERNEL(sotto_linear_128_##name, sotto_cuda_linear, 256) { multiply_tile<128, format>(a); }
TILE_KERNELS(bytes, SOTTO_CUDA_BYTES)
TILE_KERNELS(fours, SOTTO_CUDA_FOURS)
TILE_KERNELS(superfours, SOTTO_CUDA_SUPERFOURS)
TILE_KERNELS(sixes, SOTTO_CUDA_SIXES)
TILE_KERNELS(affine4, SOTTO_CUDA_AFFINE4)
